// Package cli is how commands talk with people: tables, times in words,
// prompts without an echo, questions. It knows nothing of Usher, reads no clock
// and no environment, and imports nothing of this module.
//
// What is printed on a terminal is cleaned of control characters: names come
// from files and from other people.
package cli
