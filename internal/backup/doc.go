// Package backup is the file that `usher backup` writes and `usher restore`
// reads: a tar archive of a manifest, a copy of the database, and, where asked
// for, the master key encrypted under a passphrase. It knows no database and
// opens no file; it imports no package of this module.
package backup
