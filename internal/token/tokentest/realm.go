package tokentest

import (
	"fmt"
	"io"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// Issuer is the issuer of the realms made here.
const Issuer = "https://login.example/auth/realms/platform"

// At is the moment at which the keys of the realms made here were made.
var At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Unsealed stands in for the master key: it hides nothing.
type Unsealed struct{}

// Seal returns plain.
func (Unsealed) Seal(plain []byte, _, _, _ string) []byte { return plain }

// Open returns sealed.
func (Unsealed) Open(sealed []byte, _, _, _ string) ([]byte, error) { return sealed, nil }

// Keys makes one active key per algorithm, with the algorithm's name as id.
func Keys(rand io.Reader, algorithms ...string) ([]iam.Key, error) {
	n := 0
	maker := keys.Maker{Sealer: Unsealed{}, Rand: rand, NewID: func() string { n++; return fmt.Sprintf("key-%d", n) }}
	var rows []iam.Key
	for _, alg := range algorithms {
		row, err := maker.Generate("realm-1", alg, At)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Realm makes the realm "platform" with the built-in scopes, the public client
// "anonymous", and one key per algorithm; the first one signs.
func Realm(rand io.Reader, algorithms ...string) (*token.Realm, error) {
	rows, err := Keys(rand, algorithms...)
	if err != nil {
		return nil, err
	}
	ring, jwks, public, err := keys.Open(rows, Unsealed{}, rand)
	if err != nil {
		return nil, err
	}
	cfg := &iam.RealmConfig{
		Realm: iam.Realm{
			ID: "realm-1", Name: "platform", Enabled: true, SignatureAlgorithm: algorithms[0],
			ClientScopes:  token.BuiltinScopes(),
			DefaultScopes: token.BuiltinDefaults(), OptionalScopes: token.BuiltinOptionals(),
			DefaultRole: "default-roles-platform",
			Roles: []iam.Role{
				{Name: "default-roles-platform", Realm: []string{"offline_access", "uma_authorization"}},
				{Name: "offline_access"}, {Name: "uma_authorization"},
			},
		},
	}
	client := Client("anonymous")
	cfg.Clients = map[string]*iam.Client{client.ClientID: client}
	return &token.Realm{RealmConfig: cfg, Keys: ring, Issuer: Issuer, JWKS: jwks, PublicKey: public}, nil
}

// Client is a public client with the built-in scopes.
func Client(id string) *iam.Client {
	return &iam.Client{
		ID: id + "-uuid", RealmID: "realm-1", ClientID: id, Protocol: "openid-connect", Enabled: true,
		Public: true, DirectAccessGrants: true, FullScopeAllowed: true,
		DefaultScopes: token.BuiltinDefaults(), OptionalScopes: token.BuiltinOptionals(),
	}
}

// User is the person the tokens are about.
func User() *iam.User {
	return &iam.User{
		ID: "8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67", RealmID: "realm-1", Username: "jane@example.com",
		Email: "jane@example.com", EmailVerified: true, FirstName: "Jane", LastName: "Doe", Enabled: true,
	}
}
