// Package admin decides what becomes part of a realm: it does what operators
// order, brings the realm files that package realmfile reads into a store all
// or nothing, and names what a file says differently from what is stored.
//
// The Importer adds what a file lacks (ids, keys, hashes), seals what is secret
// and makes the store call; the Service commits an order with its event. The
// package may import iam, nearest, oauth, realmfile, secret and vms; keys are
// made through an interface.
package admin
