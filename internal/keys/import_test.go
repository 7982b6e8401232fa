package keys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
)

func TestImportForms(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	private := mustRSA(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, mat := range map[string]keys.Material{
		"PKCS#8":   {Algorithm: "RS256", Private: pkcs8},
		"PKCS#1":   {Algorithm: "RS256", Private: x509.MarshalPKCS1PrivateKey(private)},
		"SEC 1":    {Algorithm: "ES256", Private: sec1},
		"its kid":  {Algorithm: "RS256", Private: pkcs8, KID: "their-kid", Priority: -5, Status: iam.KeyPassive},
		"HMAC":     {Algorithm: "HS512", Secret: make([]byte, 128), KID: "hmac-kid"},
		"old HMAC": {Algorithm: "HS256", Secret: make([]byte, 64)},
	} {
		row, err := m.Import("realm", mat, made)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if mat.KID != "" && row.KID != mat.KID || row.Priority != mat.Priority || mat.Status != "" && row.Status != mat.Status {
			t.Errorf("%s: row %+v", name, row)
		}
		ring, _, _, err := keys.Open([]iam.Key{row}, sealer, rand.Reader)
		if err != nil || ring.Verify[row.KID].Alg != mat.Algorithm {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(name, "PKCS") {
			sum := sha256.Sum256(pub)
			if want := base64.RawURLEncoding.EncodeToString(sum[:]); row.KID != want {
				t.Errorf("%s: kid %s, Keycloak's would be %s", name, row.KID, want)
			}
		}
	}
}

type pkcs1 struct {
	Version             int
	N                   *big.Int
	E                   int
	D, P, Q, Dp, Dq, Qi *big.Int
}

func rawRSA(t *testing.T, change func(*pkcs1)) []byte {
	t.Helper()
	k := mustRSA(t)
	p := pkcs1{N: k.N, E: k.E, D: k.D, P: k.Primes[0], Q: k.Primes[1], Dp: k.Precomputed.Dp, Dq: k.Precomputed.Dq, Qi: k.Precomputed.Qinv}
	change(&p)
	der, err := asn1.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// F9 (RFC 8725 section 3.5): an imported key that is short, broken, of another
// type, or has an even exponent is refused.
func TestF9_WeakAndBrokenKeysAreRefused(t *testing.T) {
	t.Parallel()
	m, _ := newMaker(t)
	plus := func(n *big.Int, d int64) *big.Int { return new(big.Int).Add(n, big.NewInt(d)) }
	good := rawRSA(t, func(*pkcs1) {})
	if _, err := m.Import("realm", keys.Material{Algorithm: "RS256", Private: good}, made); err != nil {
		t.Fatalf("the good key: %v", err)
	}
	other, err := m.Generate("realm", "RS256", made)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, mat := range map[string]keys.Material{
		"no key":                     {Algorithm: "RS256"},
		"garbage":                    {Algorithm: "RS256", Private: []byte("garbage")},
		"an even exponent":           {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.E = 65538 })},
		"exponent 1":                 {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.E = 1 })},
		"another modulus":            {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.N = plus(p.N, 2) })},
		"another prime":              {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.P = plus(p.P, 2) })},
		"another private exponent":   {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.D = plus(p.D, 2) })},
		"the same prime twice":       {Algorithm: "RS256", Private: rawRSA(t, func(p *pkcs1) { p.Q = p.P })},
		"bytes behind the key":       {Algorithm: "RS256", Private: append(good[:len(good):len(good)], 0)},
		"an RSA key for ES256":       {Algorithm: "ES256", Private: good},
		"an RSA key for EdDSA":       {Algorithm: "EdDSA", Private: good},
		"a P-384 key for ES256":      {Algorithm: "ES256", Private: p384},
		"an EC key for RS256":        {Algorithm: "RS256", Private: p384},
		"an unknown algorithm":       {Algorithm: "XX256", Private: good},
		"none":                       {Algorithm: "none", Private: good},
		"no algorithm":               {Private: good},
		"an RSA key as an HMAC key":  {Algorithm: "HS512", Private: good},
		"an HMAC secret of 32 bytes": {Algorithm: "HS512", Secret: make([]byte, 32)},
		"no HMAC secret":             {Algorithm: "HS512"},
		"another's certificate":      {Algorithm: "RS256", Private: good, Certificate: other.Certificate},
		"a broken certificate":       {Algorithm: "RS256", Private: good, Certificate: []byte("x")},
	} {
		if row, err := m.Import("realm", mat, made); !errors.Is(err, keys.ErrKey) {
			t.Errorf("%s: %+v, %v", name, row.KID, err)
		}
	}
}

// F9 (RFC 8725 section 3.5): an RSA key below 2048 bits is refused.
func TestF9_ShortRSAKey(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := newMaker(t)
	if _, err := m.Import("realm", keys.Material{Algorithm: "RS256", Private: x509.MarshalPKCS1PrivateKey(short)}, made); !errors.Is(err, keys.ErrKey) || !strings.Contains(err.Error(), "1024 bits") {
		t.Errorf("1024 bits: %v", err)
	}
}
