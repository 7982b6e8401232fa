// Package history records what clients did to a token family or an account and
// what they were told, and decides whether one server that does one thing at a
// time could have answered so. The rules of rotation stand here a second time,
// written from their description, so that a mistake in the server's is found.
// An operation whose outcome nobody knows may have happened or not, at any
// moment until its process was gone.
package history
