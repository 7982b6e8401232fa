package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// Equal compares two secrets in a time that depends on the length of b alone,
// never on where they differ. Both are hashed first, so that not even the
// length of a is told.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// Tag is a keyed tag (HMAC-SHA-256) over parts. Each part is preceded by its
// length, so that ("ab", "c") and ("a", "bc") differ.
func Tag(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		mac.Write(n[:])
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}
