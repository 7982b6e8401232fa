package admin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// TestKeysForEveryAlgorithm: what a client's tokens are to be signed with has a
// key, even where the file's own key is passive, too short or missing.
func TestKeysForEveryAlgorithm(t *testing.T) {
	t.Parallel()
	const text = `{"realm": "r", "enabled": true, "defaultSignatureAlgorithm": "EdDSA", "clients": [
	{"clientId": "a", "attributes": {"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "ES384"}},
	{"clientId": "b", "attributes": {"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "HS256"}},
	{"clientId": "off", "enabled": false, "attributes": {"access.token.signed.response.alg": "ES512"}},
	{"clientId": "saml", "protocol": "saml", "attributes": {"access.token.signed.response.alg": "PS256"}}],
	"components": {"org.keycloak.keys.KeyProvider": [
	{"providerId": "hmac-generated-hs512", "config": {"kid": ["short"], "secret": ["AAAA"], "priority": ["5"]}},
	{"providerId": "hmac-generated", "config": {"kid": ["old"], "secret": ["AAAA"]}},
	{"providerId": "rsa-generated", "config": {"priority": ["100"]}}]}}`
	im, db := importer(t)
	bring(t, im, text, true)
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for _, k := range rows.Keys {
		made[k.Algorithm]++
	}
	if diff := cmp.Diff(map[string]int{"EdDSA": 1, "HS512": 1, "ES256": 1, "ES384": 1, "ES512": 1}, made); diff != "" {
		t.Error(diff)
	}
}

// TestAddedUsers: a password that no login hashes is refused, and a name that
// is another user's address.
func TestAddedUsers(t *testing.T) {
	t.Parallel()
	im, _ := importer(t)
	bring(t, im, `{"realm": "r", "users": [{"username": "a", "email": "a@example.org"}]}`, true)
	for _, password := range []string{"", strings.Repeat("p", 1025)} {
		if _, err := im.AddUser(t.Context(), "r", "b", password); err == nil || !strings.Contains(err.Error(), "can never be logged in with") {
			t.Errorf("added with %d bytes: %v", len(password), err)
		}
	}
	if _, err := im.AddUser(t.Context(), "r", "A@example.org", "p"); !errors.Is(err, iam.ErrConflict) {
		t.Errorf("a name that is another's address: %v", err)
	}
}
