// Package app wires everything into one running Usher: Config in, two
// listeners and background jobs out. It may import everything in internal, and
// is the only package below cmd that touches the wall clock and the network's
// listeners. Production, `usher dev` and tests call the same New.
package app
