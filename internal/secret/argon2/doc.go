// Package argon2 is golang.org/x/crypto/argon2 (version 0.58.0, BSD licence, see
// LICENSE) with one change: the working memory is kept between hashes. It
// imports nothing of this module; a test holds it to the original.
package argon2
