// Command goclient is the Go client of the interop tests: x/oauth2 as it comes,
// which finds out by itself how to name the client (Basic, with an empty secret
// and no client_id in the form), and go-oidc, which checks the ID token.
package main
