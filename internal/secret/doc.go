// Package secret makes and guards what must not be guessed: random ids and
// tokens, constant-time comparison, sealing under the master key, and password
// hashing. It imports nothing of this module.
//
// It is the only package below app that may read crypto/rand: whoever needs
// an unguessable value asks here, so there is one place to review.
package secret
