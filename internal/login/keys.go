package login

import (
	"encoding/base64"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// FailureKeys are the keys of all failure rows that stand for a user: the
// user's own, and those under which the name and the address were counted while
// nobody had them.
func (s *Service) FailureKeys(realmID string, u *iam.User) []string {
	keys := []string{u.ID}
	for _, name := range []string{u.Username, u.Email} {
		if name != "" {
			keys = append(keys, s.nobody(realmID, iam.CanonicalName(name)))
		}
	}
	return keys
}

// nobody is the key of a name that nobody has: it is counted like a user,
// without being stored.
func (s *Service) nobody(realmID, name string) string {
	return "name:" + base64.RawURLEncoding.EncodeToString(secret.Tag(s.nameKey, "unknown name", realmID, name))
}
