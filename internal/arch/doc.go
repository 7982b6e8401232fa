// Package arch holds no code, only the tests that keep the house in order:
// which package may import which (arrows_test.go), and the habits that a
// compiler does not check (habits_test.go). A new package fails here until it
// is placed in the table on purpose.
package arch
