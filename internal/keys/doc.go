// Package keys makes a realm's signing keys, brings in those of a realm file,
// and opens stored keys for signing and verifying, with the JWKS document that
// tells clients about them. It may import iam and token.
//
// The secret half of a key leaves this package only sealed, or as a
// token.Signer; HMAC secrets also stand in the keyring, where refresh tokens
// are checked. The JWKS document holds public halves alone.
package keys
