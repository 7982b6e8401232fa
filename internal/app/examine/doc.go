// Package examine finds out about an installation what package doctor judges:
// it looks at files, clock, disk and database, asks the public URL as a client
// would, and times a password hash. It changes nothing and takes no lock, so it
// runs beside a server. It may import anything of the module below app, and not
// app.
package examine
