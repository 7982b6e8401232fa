package keys

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// Opener decrypts what was sealed for one place.
type Opener interface {
	Open(sealed []byte, realmID, id, purpose string) ([]byte, error)
}

// Open makes a realm's keyring, its JWKS document and the public key that the
// realm info shows (base64 DER of the RSA key that signs, "" if there is none).
// The highest-priority active key of an algorithm signs; active and passive
// keys verify; disabled ones do neither. The caller applies the times of a
// rotation first, by iam.KeySet.At. A key that cannot be opened fails the
// realm: without it tokens would be refused that are good.
func Open(rows []iam.Key, opener Opener, rand io.Reader) (ring token.Keyring, jwks []byte, rsaPublic string, err error) {
	ring = token.Keyring{Signing: map[string]token.SigningKey{}, Verify: map[string]token.VerifyKey{}}
	var shown []jwk
	for _, row := range iam.KeySet(rows).Ranked() {
		if _, twice := ring.Verify[row.KID]; twice {
			return ring, nil, "", fmt.Errorf("%w: two keys have kid %q", ErrKey, row.KID)
		}
		signing, verify, err := open(&row, opener, rand)
		if err != nil {
			return ring, nil, "", fmt.Errorf("key %s: %w", row.KID, err)
		}
		ring.Verify[row.KID] = verify
		if _, has := ring.Signing[row.Algorithm]; !has && row.Status == iam.KeyActive {
			ring.Signing[row.Algorithm] = signing
		}
		if verify.Public == nil {
			continue
		}
		j, err := describe(&row, verify.Public)
		if err != nil {
			return ring, nil, "", err
		}
		shown = append(shown, j)
		if _, isRSA := verify.Public.(*rsa.PublicKey); isRSA && rsaPublic == "" && row.Status == iam.KeyActive {
			rsaPublic = base64.StdEncoding.EncodeToString(row.Public)
		}
	}
	jwks, err = document(shown)
	return ring, jwks, rsaPublic, err
}

func open(row *iam.Key, opener Opener, rand io.Reader) (s token.SigningKey, v token.VerifyKey, err error) {
	s = token.SigningKey{KID: row.KID, Alg: row.Algorithm, CreatedAt: row.CreatedAt}
	v = token.VerifyKey{KID: row.KID, Alg: row.Algorithm}
	plain, err := opener.Open(row.Sealed, row.RealmID, row.ID, Purpose)
	if err != nil {
		return s, v, err
	}
	if token.Symmetric(row.Algorithm) {
		if len(plain) < HMACBytes {
			return s, v, fmt.Errorf("%w: an HMAC secret of %d bytes", ErrKey, len(plain))
		}
		s.Signer, v.Secret = token.HMACSigner(row.Algorithm, plain), plain
		return s, v, nil
	}
	private, err := parsePrivate(plain)
	if err != nil {
		return s, v, err
	}
	if err := matches(row, private.Public()); err != nil {
		return s, v, err
	}
	v.Public = private.Public()
	s.Signer, err = newSigner(row.Algorithm, private, rand)
	return s, v, err
}

// matches checks that what the row shows is the public half of what it hides.
func matches(row *iam.Key, public any) error {
	if !token.Fits(row.Algorithm, public) {
		return fmt.Errorf("%w: %T cannot sign with %q", ErrKey, public, row.Algorithm)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	if !slices.Equal(der, row.Public) {
		return fmt.Errorf("%w: the public half is another key's", ErrKey)
	}
	return nil
}
