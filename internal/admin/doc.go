// Package admin decides what becomes part of a realm: it reads realm files in
// Keycloak's JSON form, turns them into rows, brings them into a store all or
// nothing, and names what a file says differently from what is stored.
//
// Reading and converting (Parse) are pure; the Importer adds what a file lacks
// (ids, keys, hashes), seals what is secret and makes the store call. The
// package may import iam, secret and vms; keys are made through an interface.
package admin
