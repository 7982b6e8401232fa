package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed-a6a28e10/usher/internal/token"
)

// newSigner makes the signer of an asymmetric key. This is the seam for
// another RSA implementation: nothing else knows how a signature is made.
func newSigner(algorithm string, private crypto.Signer, rand io.Reader) (token.Signer, error) {
	h := token.HashOf(algorithm)
	switch k := private.(type) {
	case *rsa.PrivateKey:
		if strings.HasPrefix(algorithm, "PS") {
			return &pssSigner{key: k, hash: h, rand: rand}, nil
		}
		return &rsaSigner{key: k, hash: h}, nil
	case *ecdsa.PrivateKey:
		return &ecSigner{key: k, hash: h, rand: rand, size: (k.Curve.Params().BitSize + 7) / 8}, nil
	case ed25519.PrivateKey:
		return edSigner(k), nil
	}
	return nil, fmt.Errorf("%w: %T cannot sign", ErrKey, private)
}

func digest(h crypto.Hash, input []byte) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256(input)
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384(input)
		return sum[:]
	}
	sum := sha512.Sum512(input)
	return sum[:]
}

// rsaSigner makes RSASSA-PKCS1-v1_5 signatures, which need no randomness: the
// standard library works in constant time instead of blinding.
type rsaSigner struct {
	key  *rsa.PrivateKey
	hash crypto.Hash
}

func (s *rsaSigner) Sign(input []byte) ([]byte, error) {
	return rsa.SignPKCS1v15(nil, s.key, s.hash, digest(s.hash, input))
}

type pssSigner struct {
	key  *rsa.PrivateKey
	hash crypto.Hash
	rand io.Reader
}

// Sign salts as RFC 7518 §3.5 demands: as long as the hash.
func (s *pssSigner) Sign(input []byte) ([]byte, error) {
	opts := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.SignPSS(s.rand, s.key, s.hash, digest(s.hash, input), &opts)
}

type ecSigner struct {
	key  *ecdsa.PrivateKey
	hash crypto.Hash
	rand io.Reader
	size int // of r and s
}

// Sign turns the ASN.1 form into r ‖ s of fixed size (RFC 7518 §3.4).
func (s *ecSigner) Sign(input []byte) ([]byte, error) {
	der, err := ecdsa.SignASN1(s.rand, s.key, digest(s.hash, input))
	if err != nil {
		return nil, err
	}
	var r, t []byte
	in, seq := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&t) {
		return nil, fmt.Errorf("keys: unreadable ECDSA signature")
	}
	out := make([]byte, 2*s.size)
	copy(out[s.size-len(r):], r)
	copy(out[2*s.size-len(t):], t)
	return out, nil
}

type edSigner ed25519.PrivateKey

func (s edSigner) Sign(input []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(s), input), nil
}
