package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// family is the kind of key an algorithm works with.
type family uint8

const (
	famHMAC family = iota + 1
	famRSA
	famPSS
	famEC
	famEdDSA
)

// algorithm is one JWS algorithm (RFC 7518 §3.1, RFC 8037).
type algorithm struct {
	family family
	hash   crypto.Hash
	bits   int // of the curve, ES* only
}

// algorithms are the ones a key may have. "none" is none of them.
var algorithms = map[string]algorithm{
	"HS256": {famHMAC, crypto.SHA256, 0},
	"HS384": {famHMAC, crypto.SHA384, 0},
	"HS512": {famHMAC, crypto.SHA512, 0},
	"RS256": {famRSA, crypto.SHA256, 0},
	"RS384": {famRSA, crypto.SHA384, 0},
	"RS512": {famRSA, crypto.SHA512, 0},
	"PS256": {famPSS, crypto.SHA256, 0},
	"PS384": {famPSS, crypto.SHA384, 0},
	"PS512": {famPSS, crypto.SHA512, 0},
	"ES256": {famEC, crypto.SHA256, 256},
	"ES384": {famEC, crypto.SHA384, 384},
	"ES512": {famEC, crypto.SHA512, 521},
	"EdDSA": {famEdDSA, crypto.SHA512, 0},
}

// Asymmetric says whether alg is a known algorithm whose tokens others can
// verify with a public key: what access and ID tokens may be signed with.
func Asymmetric(alg string) bool {
	a, ok := algorithms[alg]
	return ok && a.family != famHMAC
}

// Symmetric says whether alg is one of the HMAC algorithms.
func Symmetric(alg string) bool { return algorithms[alg].family == famHMAC }

// Fits says whether a public key is of the type and curve that alg needs.
func Fits(alg string, public crypto.PublicKey) bool {
	a := algorithms[alg]
	switch k := public.(type) {
	case *rsa.PublicKey:
		return a.family == famRSA || a.family == famPSS
	case *ecdsa.PublicKey:
		return a.family == famEC && k.Curve.Params().BitSize == a.bits
	case ed25519.PublicKey:
		return a.family == famEdDSA
	}
	return false
}

// HashOf is the hash an algorithm signs; 0 for what is no algorithm.
func HashOf(alg string) crypto.Hash { return algorithms[alg].hash }

// verify checks a signature with the key's one algorithm.
func (k *VerifyKey) verify(input string, sig []byte) bool {
	a := algorithms[k.Alg]
	switch a.family {
	case famHMAC:
		return k.Public == nil && len(k.Secret) != 0 && hmac.Equal(sig, mac(a.hash, k.Secret, []byte(input)))
	case famRSA:
		pub, ok := k.Public.(*rsa.PublicKey)
		return ok && rsa.VerifyPKCS1v15(pub, a.hash, digest(a.hash, input), sig) == nil
	case famPSS:
		pub, ok := k.Public.(*rsa.PublicKey)
		opts := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return ok && rsa.VerifyPSS(pub, a.hash, digest(a.hash, input), sig, &opts) == nil
	case famEC:
		pub, ok := k.Public.(*ecdsa.PublicKey)
		return ok && verifyEC(pub, a, digest(a.hash, input), sig)
	case famEdDSA:
		pub, ok := k.Public.(ed25519.PublicKey)
		return ok && len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, []byte(input), sig)
	}
	return false
}

// verifyEC checks r ‖ s, both of the curve's exact size (RFC 7518 §3.4).
func verifyEC(pub *ecdsa.PublicKey, a algorithm, sum, sig []byte) bool {
	size := (a.bits + 7) / 8
	if pub.Curve.Params().BitSize != a.bits || len(sig) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
	return ecdsa.Verify(pub, sum, r, s)
}

func digest(h crypto.Hash, input string) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256([]byte(input))
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384([]byte(input))
		return sum[:]
	default:
		sum := sha512.Sum512([]byte(input))
		return sum[:]
	}
}

// HMACSigner makes the signatures that an HMAC key of alg verifies.
func HMACSigner(alg string, secret []byte) Signer {
	return hmacSigner{algorithms[alg].hash, secret}
}

type hmacSigner struct {
	hash   crypto.Hash
	secret []byte
}

func (s hmacSigner) Sign(input []byte) ([]byte, error) { return mac(s.hash, s.secret, input), nil }

func mac(h crypto.Hash, secret, input []byte) []byte {
	newHash := sha512.New
	switch h {
	case crypto.SHA256:
		newHash = sha256.New
	case crypto.SHA384:
		newHash = sha512.New384
	}
	m := hmac.New(newHash, secret)
	m.Write(input)
	return m.Sum(make([]byte, 0, sha512.Size))
}
