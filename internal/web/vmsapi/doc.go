// Package vmsapi answers the video API: /v1/vms and its OpenAPI document. It
// knows no login service: what a token is worth it asks the verifier handed
// in, as any other resource server would. It may import web, vms, api and
// oauth.
package vmsapi
