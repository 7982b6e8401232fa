package token

import (
	"crypto"
	"fmt"
	"sync/atomic"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Realm is one realm as tokens see it: its configuration, its keys and the one
// issuer it states whatever prefix a request used. Immutable, part of a
// snapshot; always handled by pointer.
type Realm struct {
	*iam.RealmConfig
	Keys   Keyring
	Issuer string // {public URL}/auth/realms/{name}
	JWKS   []byte // the certs document, rendered once
	// PublicKey is the base64 DER of the active RSA key (realm info), "" if none.
	PublicKey string

	// compiled is what minting looks up, made of the fields above at first use.
	compiled atomic.Pointer[plan]
}

// Signer makes one signature over a signing input. It is the seam for another
// RSA implementation.
type Signer interface {
	Sign(input []byte) ([]byte, error)
}

// Keyring is one realm's usable keys. Package keys builds it.
type Keyring struct {
	Signing map[string]SigningKey // the active key by algorithm, "HS512" included
	Verify  map[string]VerifyKey  // active and passive keys by kid
	// Damaged says that the row of a key is damaged: a key that is not here may
	// be the one.
	Damaged bool
}

// missing is the error about a key that is not here.
func (k *Keyring) missing(err error) error {
	if k.Damaged {
		return fmt.Errorf("%w: %w", err, iam.ErrDamaged)
	}
	return err
}

// SigningKey is an active key.
type SigningKey struct {
	KID    string
	Alg    string
	Signer Signer
	// CreatedAt is when the key was made (Unix ms); 0: not known.
	CreatedAt int64
}

// VerifyKey is a key that may verify, with its one allowed algorithm.
type VerifyKey struct {
	KID    string
	Alg    string
	Public crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey; nil for HMAC
	Secret []byte           // HMAC only
}
