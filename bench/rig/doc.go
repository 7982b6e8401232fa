// Package rig is what the programs under bench share: building and starting a
// server, realm files to drive it with, and a lean HTTP connection.
package rig
