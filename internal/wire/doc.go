// Package wire holds no code but tests: what must hold for a user of a whole
// Usher, told over HTTP. Exchanges that read well as text are transcripts
// under testdata; the others are Go. It may import app and everything below.
package wire
