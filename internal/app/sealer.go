package app

import (
	"sync/atomic"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// sealer seals under the master key in force, which a rotation replaces while
// everything runs.
type sealer struct{ held atomic.Pointer[sealers] }

// sealers are the one in force, and beside it for the moments of a rotation the
// other one: rows that are read now may be those of before or after it.
type sealers struct{ now, other *secret.Sealer }

func newSealer(now *secret.Sealer) *sealer {
	s := &sealer{}
	s.hold(now, nil)
	return s
}

func (s *sealer) hold(now, other *secret.Sealer) { s.held.Store(&sealers{now, other}) }

// inForce is the sealer itself.
func (s *sealer) inForce() *secret.Sealer { return s.held.Load().now }

// Seal implements admin.Sealer and keys.Sealer.
func (s *sealer) Seal(plain []byte, realmID, id, purpose string) []byte {
	return s.inForce().Seal(plain, realmID, id, purpose)
}

// Open implements admin.Sealer and keys.Opener.
func (s *sealer) Open(sealed []byte, realmID, id, purpose string) ([]byte, error) {
	held := s.held.Load()
	plain, err := held.now.Open(sealed, realmID, id, purpose)
	if err != nil && held.other != nil {
		return held.other.Open(sealed, realmID, id, purpose)
	}
	return plain, err
}
