package app

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// keyMaker satisfies admin.KeyMaker over package keys. In a data folder
// without a database a realm will be made soon: its RSA key, the slowest part
// of a fresh start, is then generated while the database is being made.
type keyMaker struct {
	maker keys.Maker
	rsa   func() ([]byte, error)
	ahead chan ahead // nil when nothing was begun
}

type ahead struct {
	private []byte // PKCS#8
	err     error
}

// newKeyMaker makes its RSA keys by newRSA, where there is one.
func newKeyMaker(sealer keys.Sealer, data string, newRSA func() ([]byte, error)) *keyMaker {
	m := &keyMaker{maker: keys.Maker{Sealer: sealer, NewID: secret.NewID, Rand: rand.Reader}, rsa: newRSA}
	if m.rsa == nil {
		m.rsa = func() ([]byte, error) { return keys.NewRSA(rand.Reader) }
	}
	if _, err := os.Stat(filepath.Join(data, sqlite.File)); os.IsNotExist(err) {
		m.ahead = make(chan ahead, 1)
		go func() {
			private, err := m.rsa()
			m.ahead <- ahead{private, err}
		}()
	}
	return m
}

// Generate implements admin.KeyMaker.
func (m *keyMaker) Generate(r *iam.Realm, algorithm string, at time.Time) (iam.Key, error) {
	if algorithm != "RS256" {
		return m.of(r).Generate(r.ID, algorithm, at)
	}
	private, err := m.newRSA()
	if err != nil {
		return iam.Key{}, err
	}
	return m.of(r).Import(r.ID, keys.Material{
		Algorithm: algorithm, Status: iam.KeyActive, Priority: keys.DefaultRank, Private: private,
	}, at)
}

// newRSA is the key that was made ahead, for whoever comes first.
func (m *keyMaker) newRSA() ([]byte, error) {
	if m.ahead != nil {
		if made, ok := <-m.ahead; ok {
			close(m.ahead) // the next realm makes its own
			if made.err == nil {
				return made.private, nil
			}
		}
	}
	return m.rsa()
}

// of is the maker for one realm, whose name its certificates carry.
func (m *keyMaker) of(r *iam.Realm) *keys.Maker {
	maker := m.maker
	maker.CommonName = func(string) string { return r.Name }
	return &maker
}

// Import implements admin.KeyMaker.
func (m *keyMaker) Import(r *iam.Realm, k realmfile.KeyMaterial, at time.Time) (iam.Key, error) {
	return m.of(r).Import(r.ID, keys.Material{
		KID: k.KID, Algorithm: k.Algorithm, Status: k.Status, Priority: k.Priority,
		Private: k.Private, Secret: k.Secret, Certificate: k.Certificate,
	}, at)
}
