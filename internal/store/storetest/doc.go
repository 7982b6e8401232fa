// Package storetest is the store contract as a test suite, the same for every
// database: facts, absence, conflict, races for every conditional write, time
// and collation, sweeping, reopening, cancelled callers, trouble in the middle
// of a batch, and random histories against a model. It may import iam and vms;
// only test files import it.
//
// Most tests share one open store and keep to a realm of their own.
package storetest
