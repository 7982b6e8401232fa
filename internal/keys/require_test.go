package keys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
)

// F9 (RFC 8725 section 3.5): keys made here are HMAC secrets of 512 random bits
// and RSA keys of 2048 bits with exponent 65537.
func TestF9_KeysMadeHereAreLong(t *testing.T) {
	t.Parallel()
	m, sealer := newMaker(t)
	var rows []iam.Key
	for _, alg := range []string{"HS512", "RS256"} {
		row, err := m.Generate("realm", alg, made)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	ring, _, _, err := keys.Open(rows, sealer, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if secret := ring.Verify[rows[0].KID].Secret; len(secret) < 64 {
		t.Errorf("an HMAC secret of %d bytes", len(secret))
	}
	if pub, ok := ring.Verify[rows[1].KID].Public.(*rsa.PublicKey); !ok || pub.N.BitLen() != 2048 || pub.E != 65537 {
		t.Errorf("%v", ring.Verify[rows[1].KID].Public)
	}
}

// F11 (RFC 8725 section 3.4): a point that is not on its curve, or a private
// number that is no point's, makes no key.
func TestF11_PointsMustBeOnTheirCurve(t *testing.T) {
	t.Parallel()
	m, _ := newMaker(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	number, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	off := append([]byte(nil), point...)
	off[len(off)-1] ^= 1
	for name, c := range map[string]struct {
		der   []byte
		taken bool // with the point of its number: the one beside it is not looked at
	}{
		"the point off the curve": {sec1(t, number, off), true},
		"another's point":         {sec1(t, number, mustPoint(t)), true},
		"the number 0":            {sec1(t, make([]byte, 32), point), false},
		"the order of the curve":  {sec1(t, elliptic.P256().Params().N.Bytes(), point), false},
	} {
		row, err := m.Import("realm", keys.Material{Algorithm: "ES256", Private: c.der}, made)
		switch {
		case !c.taken && !errors.Is(err, keys.ErrKey):
			t.Errorf("%s: %v", name, err)
		case c.taken && err == nil && !ownPoint(t, row, number):
			t.Errorf("%s: the point beside the number was believed", name)
		}
	}
}

func mustPoint(t *testing.T) []byte {
	t.Helper()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sec1 is an EC private key (RFC 5915) with any number and any point.
func sec1(t *testing.T, number, point []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Version int
		Private []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}{1, number, asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, asn1.BitString{Bytes: point, BitLength: 8 * len(point)}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// ownPoint says whether the row's public half is that of the number.
func ownPoint(t *testing.T, row iam.Key, number []byte) bool {
	t.Helper()
	pub, err := x509.ParsePKIXPublicKey(row.Public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), new(big.Int).SetBytes(number).FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key.PublicKey.Equal(pub)
}
