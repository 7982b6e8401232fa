package secret

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
)

// NewID returns a random UUID of version 4 (RFC 9562 §5.4) in lower case:
// 122 random bits, the form of every id that Keycloak's clients see.
func NewID() string {
	var b [16]byte
	fill(b[:])
	return UUID(b, 4)
}

// UUID writes b as a UUID of the version (RFC 9562 §4), in lower case. The six
// bits that say so replace those of b.
func UUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// Token returns n random bytes.
func Token(n int) []byte {
	b := make([]byte, n)
	fill(b)
	return b
}

// String returns n random bytes as base64url without padding, for secrets that
// people copy and forms carry unescaped.
func String(n int) string { return base64.RawURLEncoding.EncodeToString(Token(n)) }

// fill never fails: since Go 1.24 crypto/rand ends the process when the
// operating system gives no randomness, the only safe answer.
func fill(b []byte) { _, _ = rand.Read(b) }
