package token_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// allAlgs are the algorithms a realm may sign with, RS256 first.
var allAlgs = []string{"RS256", "PS256", "ES256", "EdDSA", "HS512", "ES384", "ES512", "RS512", "HS256"}

// keyRealm makes the keys once: RSA keys take a while.
var keyRealm = sync.OnceValues(func() (*token.Realm, error) { return tokentest.Realm(rand.Reader, allAlgs...) })

// newRealm is a realm of its own with the shared keys.
func newRealm(tb testing.TB, signing string) *token.Realm {
	tb.Helper()
	shared, err := keyRealm()
	if err != nil {
		tb.Fatal(err)
	}
	cfg := *shared.RealmConfig
	cfg.Realm.SignatureAlgorithm = signing
	cfg.Realm.Roles = slices.Clone(cfg.Realm.Roles)
	client := tokentest.Client("anonymous")
	cfg.Clients = map[string]*iam.Client{client.ClientID: client}
	return &token.Realm{RealmConfig: &cfg, Keys: shared.Keys, Issuer: shared.Issuer, JWKS: shared.JWKS, PublicKey: shared.PublicKey}
}

var at = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func counter() func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("jti-%d", n) }
}

func newSubject(tb testing.TB, r *token.Realm, scope string) token.Subject {
	tb.Helper()
	c := r.Clients["anonymous"]
	s, err := token.ResolveScopes(r.RealmConfig, c, scope)
	if err != nil {
		tb.Fatal(err)
	}
	return token.Subject{
		Realm: r, Client: c, User: tokentest.User(), SessionID: "session-1", FamilyID: "family-1",
		Gen: 3, Scopes: s, At: at, NewID: counter(),
	}
}

func mustAccess(tb testing.TB, s token.Subject) string {
	tb.Helper()
	raw, _, err := token.Access(s, s.At.Unix()+300)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func mustID(tb testing.TB, s token.Subject) string {
	tb.Helper()
	raw, err := token.ID(s, "access", s.At.Unix()+300, "nonce-1")
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func refreshSubject(r *token.Realm, kind token.Kind) token.RefreshSubject {
	return token.RefreshSubject{
		Realm: r, Kind: kind, JTI: "jti-r", ClientID: "anonymous", UserID: tokentest.User().ID, SessionID: "session-1",
		FamilyID: "family-1", Gen: 3, Scope: "openid profile email", IssuedAt: at.Unix(), ExpiresAt: at.Unix() + 3600,
	}
}

func mustRefresh(tb testing.TB, s token.RefreshSubject) string {
	tb.Helper()
	raw, err := token.Refresh(s)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// part decodes one part of a token: 0 header, 1 payload.
func part(tb testing.TB, raw string, i int) string {
	tb.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[i])
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func claimsOf(tb testing.TB, raw string) map[string]any {
	tb.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(part(tb, raw, 1)), &m); err != nil {
		tb.Fatal(err)
	}
	return m
}

func asJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
