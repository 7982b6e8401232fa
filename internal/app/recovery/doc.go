// Package recovery makes backups of a data folder beside a running server,
// looks whether they are whole, and brings them back. It may import anything of
// the module below app, and not app.
package recovery
