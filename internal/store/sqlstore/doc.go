// Package sqlstore holds every query of Usher, once, for both databases: $n
// binds, "on conflict", "update … returning", integers for flags and times,
// JSON text for documents. It may import iam and vms.
//
// One method is one business fact: it is atomic, it begins with its
// conditional write, it tells the loser of a race iam.ErrStale, and it never
// calls back. A method returns iam.ErrNotFound for absence, iam.ErrConflict
// for a taken name or id, and iam.ErrUnavailable for storage trouble; the last
// one says nothing about whether the write happened.
//
// How a statement reaches a database, what "durable" takes and which error
// means what is the business of a DB (package sqlite).
package sqlstore
