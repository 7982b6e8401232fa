// Package storetest is the store contract as a test suite, run on every database. It
// imports iam and vms, and is imported by test files only.
package storetest
