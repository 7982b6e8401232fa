// Package sqlite opens the data folder: one SQLite database in WAL mode, which
// one process holds at a time. It may import sqlstore and iam.
//
// Reads go to a small pool of connections. All writes go to one goroutine, the
// committer, which owns the one writing connection, runs what waits in batches
// of one transaction, and answers only when that transaction is on disk
// (synchronous=FULL). A caller's deadline ends the caller's wait, never a
// statement: the write may still happen.
//
// Inside a batch every request but the first has its savepoint, so a lost race or a taken
// name concerns its own caller only. Any other error ends the batch: it is
// rolled back, the connection is reopened, and all its callers are told
// iam.ErrUnavailable. A failed sync ends all writing (see DB.Fatal), because
// the kernel may have dropped what was not written and a later sync would
// claim success. A full disk does not: writes fail until there is space.
//
// Nothing else in the process may open and close the database file while it
// is in use: POSIX locks of a process vanish with any descriptor of the file.
package sqlite
