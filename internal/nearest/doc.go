// Package nearest finds the known name that a misspelt one was probably meant
// to be. It imports nothing of this module.
package nearest
