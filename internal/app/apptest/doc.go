// Package apptest starts a whole Usher inside a test: the code of production
// on free ports, with a clock that can be moved. It may import app.
package apptest
