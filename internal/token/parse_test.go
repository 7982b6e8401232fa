package token_test

import (
	"crypto/rand"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

func refusal(err error) bool {
	return errors.Is(err, token.ErrMalformed) || errors.Is(err, token.ErrKey) ||
		errors.Is(err, token.ErrSignature) || errors.Is(err, token.ErrKind)
}

func hostile(tb testing.TB, r *token.Realm, alg, valid string) []tokentest.Case {
	tb.Helper()
	cases, err := tokentest.Hostile(tokentest.Input{
		Valid: valid, JWKS: r.JWKS, Rand: rand.Reader, Sign: tokentest.Signer(r.Keys.Signing[alg]),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return cases
}

// TestHostile is not parallel: it measures what a refusal allocates.
func TestHostile(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA", "PS256", "HS512"} {
		r := newRealm(t, alg)
		valid := mustRefresh(t, refreshSubject(r, token.KindRefresh))
		if alg != "HS512" {
			valid = mustAccess(t, newSubject(t, r, "openid"))
		}
		if _, err := r.Parse(valid); err != nil {
			t.Fatalf("%s: the valid token: %v", alg, err)
		}
		cases := hostile(t, r, alg, valid)
		if len(cases) < 2400 {
			t.Errorf("%s: only %d cases", alg, len(cases))
		}
		for _, c := range cases {
			_, err := r.Parse(c.Token)
			if err == nil {
				t.Errorf("%s: accepted: %s\n%.300s", alg, c.Name, c.Token)
			} else if !refusal(err) {
				t.Errorf("%s: %s: an error of another kind: %v", alg, c.Name, err)
			}
			if alg != "RS256" {
				continue // measuring stops the world; once is enough
			}
			if n := allocated(func() { _, _ = r.Parse(c.Token) }); n > 64<<10 {
				t.Errorf("%s: refusing it allocates %d bytes", c.Name, n)
			}
		}
	}
}

func TestHostileWithoutTheRealmsKeys(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	cases, err := tokentest.Hostile(tokentest.Input{Valid: mustAccess(t, newSubject(t, r, "")), JWKS: r.JWKS, Rand: rand.Reader})
	if err != nil || len(cases) < 2000 {
		t.Errorf("%d cases, %v", len(cases), err)
	}
	kinds := map[string]int{}
	for _, c := range cases {
		kinds[c.Kind]++
	}
	for kind, n := range kinds {
		if n < 15 {
			t.Errorf("%d cases of the kind %q", n, kind)
		}
	}
	if len(kinds) < 16 {
		t.Errorf("kinds %v", kinds)
	}
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		names[c.Name] = true
	}
}

// Every proper beginning and every proper end of a token is refused, bare and
// padded (CVE-2026-27840).
func TestNoPartOfATokenIsOne(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "ES256", "HS512"} {
		r := newRealm(t, alg)
		valid := mustRefresh(t, refreshSubject(r, ""))
		if alg != "HS512" {
			valid = mustAccess(t, newSubject(t, r, "openid"))
		}
		for i := range valid {
			for _, raw := range []string{valid[:i], valid[i:], valid[:i] + "=", valid[:i] + "==", valid[:i] + "A"} {
				if raw == valid {
					continue
				}
				if _, err := r.Parse(raw); !refusal(err) {
					t.Fatalf("%s, cut at %d: %v\n%s", alg, i, err, raw)
				}
			}
		}
	}
}

// allocated counts the bytes that f allocates, the least of a few runs, since
// the runtime allocates for itself at times.
func allocated(f func()) uint64 {
	least := uint64(1 << 62)
	var before, after runtime.MemStats
	for range 2 {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func TestRefusalsAllocateLittle(t *testing.T) {
	r := newRealm(t, "RS256")
	valid := mustAccess(t, newSubject(t, r, "openid"))
	flipped := valid[:len(valid)-9] + "AAAAAAAAA"
	for name, raw := range map[string]string{
		"16 KiB of dots": strings.Repeat(".", 16<<10), "1 MiB": strings.Repeat("A.", 1<<19), "empty": "",
		"five parts": "e30.e30.e30.e30.e30", "no kid": "eyJhbGciOiJub25lIn0.e30.",
	} {
		if n := testing.AllocsPerRun(100, func() { _, _ = r.Parse(raw) }); n > 8 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = r.Parse(flipped) }); n > 40 {
		t.Errorf("a bad signature: %v allocations", n)
	}
}

// F7 (RFC 8725 sections 3.11, 3.12, ASVS 9.2.2): of all kinds of token
// presented as all kinds, only the diagonal passes.
func TestF7_KindMatrix(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	r.Clients["rfc9068"] = tokentest.Client("rfc9068")
	r.Clients["rfc9068"].Attributes = map[string]string{"access.token.header.type.rfc9068": "true"}
	s := newSubject(t, r, "openid")
	s9068 := s
	s9068.Client = r.Clients["rfc9068"]
	kinds := []token.Kind{token.KindAccess, token.KindRefresh, token.KindOffline, token.KindID}
	tokens := map[token.Kind][]string{
		token.KindAccess:  {mustAccess(t, s), mustAccess(t, s9068)},
		token.KindRefresh: {mustRefresh(t, refreshSubject(r, token.KindRefresh)), mustRefresh(t, refreshSubject(r, ""))},
		token.KindOffline: {mustRefresh(t, refreshSubject(r, token.KindOffline))},
		token.KindID:      {mustID(t, s)},
	}
	for is, raws := range tokens {
		for _, raw := range raws {
			for _, want := range kinds {
				c, err := r.Parse(raw, want)
				switch {
				case is == want && (err != nil || c.Type != is):
					t.Errorf("%s as %s: %v", is, want, err)
				case is != want && !errors.Is(err, token.ErrKind):
					t.Errorf("%s as %s: %v", is, want, err)
				}
			}
			if c, err := r.Parse(raw); err != nil || c.Type != is {
				t.Errorf("%s as any: %v", is, err)
			}
		}
	}
	if _, err := r.Parse(tokens[token.KindOffline][0], token.KindRefresh, token.KindOffline); err != nil {
		t.Errorf("an offline token where both kinds of refresh token are taken: %v", err)
	}
}

// F12 (RFC 9068 sections 2, 4): the header type at+jwt is taken from access
// tokens only.
func TestF12_OnlyAccessTokensHaveTheHeaderType(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	key := r.Keys.Signing["RS256"]
	raw := mustID(t, newSubject(t, r, "openid"))
	head := strings.Replace(part(t, raw, 0), `"JWT"`, `"at+jwt"`, 1)
	if _, err := r.Parse(tokentest.Signer(key)(head, part(t, raw, 1))); !errors.Is(err, token.ErrKind) {
		t.Errorf("an ID token under at+jwt: %v", err)
	}
}

// A bad signature wins over everything the payload could say.
func TestBadSignatureWinsOverClaims(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "ES256")
	raw := mustAccess(t, newSubject(t, r, ""))
	head, sig := raw[:strings.IndexByte(raw, '.')], raw[strings.LastIndexByte(raw, '.')+1:]
	for _, payload := range []string{"e30", "", "%%%", "eyJleHAiOjF9", "eyJ0eXAiOiJSZWZyZXNoIn0"} {
		if _, err := r.Parse(head+"."+payload+"."+sig, token.KindAccess); !errors.Is(err, token.ErrSignature) {
			t.Errorf("payload %q: %v", payload, err)
		}
	}
}

func TestAnotherRealmsTokens(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "ES256")
	other, err := tokentest.Realm(rand.Reader, "ES256", "HS512")
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{mustAccess(t, newSubject(t, other, "")), mustRefresh(t, refreshSubject(other, ""))} {
		if _, err := r.Parse(raw); !errors.Is(err, token.ErrKey) {
			t.Errorf("a token of another realm: %v", err)
		}
	}
}

// F1 (RFC 8725 sections 3.1, 3.2): a key verifies with its one algorithm only,
// and only if it is of that algorithm's type; the token has no say in it.
func TestF1_EachKeyHasOneAlgorithm(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	raw := mustAccess(t, newSubject(t, r, ""))
	kid := r.Keys.Signing["RS256"].KID
	for _, alg := range allAlgs {
		other := r.Keys.Verify[r.Keys.Signing[alg].KID]
		if alg == "RS256" {
			continue
		}
		// A ring that was put together wrongly: the kid names a key of another type.
		broken := &token.Realm{RealmConfig: r.RealmConfig, Issuer: r.Issuer, Keys: token.Keyring{
			Verify: map[string]token.VerifyKey{kid: {KID: kid, Alg: "RS256", Public: other.Public, Secret: other.Secret}}}}
		if alg != "PS256" && alg != "RS512" {
			if _, err := broken.Parse(raw); !errors.Is(err, token.ErrSignature) {
				t.Errorf("RS256 with the key of %s: %v", alg, err)
			}
		}
		broken.Keys.Verify[kid] = token.VerifyKey{KID: kid, Alg: alg, Public: r.Keys.Verify[kid].Public, Secret: []byte("x")}
		if _, err := broken.Parse(raw); !errors.Is(err, token.ErrSignature) {
			t.Errorf("an RS256 token where the key is for %s: %v", alg, err)
		}
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "EdDSA")
	raw := mustAccess(t, newSubject(t, r, "openid"))
	c, err := r.Parse(raw, token.KindAccess)
	if err != nil {
		t.Fatal(err)
	}
	u := tokentest.User()
	if c.ID != "jti-1" || c.Issuer != tokentest.Issuer || c.Subject != u.ID || c.AuthorizedParty != "anonymous" ||
		c.SessionID != "session-1" || c.Scope != "openid profile email" || c.Family != "family-1" || c.Gen != 3 ||
		c.Username != u.Username || c.Name != "Jane Doe" || c.Email != u.Email || !c.HasAudience("video-api") ||
		c.HasAudience("video") || c.IssuedAt != at.Unix() || c.ExpiresAt != at.Unix()+300 || string(c.Payload) != part(t, raw, 1) {
		t.Errorf("claims %+v", c)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	sec := func(n int64) time.Time { return time.Unix(n, 999_999_999) }
	c := token.Claims{ExpiresAt: 1000, IssuedAt: 700}
	if c.ExpiredAt(sec(999)) || c.ExpiredAt(sec(1000)) || !c.ExpiredAt(sec(1001)) {
		t.Error("a token is good up to and including its last second")
	}
	if c.EarlyAt(sec(695)) || !c.EarlyAt(sec(694)) {
		t.Error("iat may be 5 s ahead, not 6")
	}
	c = token.Claims{NotBefore: 700}
	if c.ExpiredAt(sec(1 << 40)) {
		t.Error("a token without exp expired")
	}
	if c.EarlyAt(sec(695)) || !c.EarlyAt(sec(694)) {
		t.Error("nbf may be 5 s ahead, not 6")
	}
}

func TestOfflineTokenWithoutEnd(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	s := refreshSubject(r, token.KindOffline)
	s.ExpiresAt = 0
	if c, err := r.Parse(mustRefresh(t, s)); err != nil || c.ExpiresAt != 0 {
		t.Errorf("an offline token without exp: %v", err)
	}
	s.Kind = token.KindRefresh
	if _, err := r.Parse(mustRefresh(t, s)); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("a refresh token without exp: %v", err)
	}
}

// F5 (RFC 7515 sections 7, 10.12): a token of 16 KiB is read, and one that is
// longer refused before anything of it is decoded.
func TestF5_SizeLimit(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "HS512")
	sign := tokentest.Signer(r.Keys.Signing["HS512"])
	valid := mustRefresh(t, refreshSubject(r, ""))
	pad := func(n int) string {
		p := part(t, valid, 1)
		return sign(part(t, valid, 0), p[:len(p)-1]+`,"q":"`+strings.Repeat("x", n)+`"}`)
	}
	n := (token.MaxSize - len(pad(0))) * 3 / 4
	if raw := pad(n); len(raw) > token.MaxSize {
		t.Fatalf("%d bytes", len(raw))
	} else if _, err := r.Parse(raw); err != nil {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
	if raw := pad(n + 4); len(raw) <= token.MaxSize {
		t.Fatalf("%d bytes", len(raw))
	} else if _, err := r.Parse(raw); !errors.Is(err, token.ErrMalformed) {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
}
