// Command enumeration asks a real Usher for logins that fail in every way there
// is, one after another in random order, and compares how long the answers
// took: a name that exists must not be told from one that does not. It ends
// with an error when the medians of two ways differ by more than a hundredth or
// by more than 0.2 ms.
package main
