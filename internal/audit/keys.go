package audit

import (
	"crypto/ed25519"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// Keys are what seals and signs the events of one store.
type Keys struct {
	chain []byte
	sign  ed25519.PrivateKey
}

// NewKeys derives the keys from a store's root key.
func NewKeys(root []byte) Keys {
	return Keys{
		chain: secret.Tag(root, iam.SealPurpose),
		sign:  ed25519.NewKeyFromSeed(secret.Tag(root, "signature of event checkpoints")),
	}
}

// Public is the key that checkpoints are verified with, by anyone.
func (k Keys) Public() ed25519.PublicKey { return k.sign.Public().(ed25519.PublicKey) }
