// Package vms is the domain behind /v1: VideoManagers and who is a member of
// them. It imports nothing of this module.
package vms
