package wire

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// ownKeys are keys that a realm file brings, so that a test can sign as the
// realm does.
type ownKeys struct {
	rsa  *rsa.PrivateKey
	hmac []byte
}

func newOwnKeys(t *testing.T) ownKeys {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return ownKeys{key, []byte(strings.Repeat("a known secret! ", 8))}
}

// realm is the default realm with these keys.
func (k ownKeys) realm(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k.rsa)
	if err != nil {
		t.Fatal(err)
	}
	provider := func(id, config string) string {
		return fmt.Sprintf(`{"providerId": %q, "config": {"priority": ["100"], "enabled": ["true"], "active": ["true"], %s}}`, id, config)
	}
	components := fmt.Sprintf(`"components": {"org.keycloak.keys.KeyProvider": [%s, %s]},`,
		provider("rsa", `"algorithm": ["RS256"], "privateKey": ["`+base64.StdEncoding.EncodeToString(der)+`"]`),
		provider("hmac-generated", `"algorithm": ["HS512"], "kid": ["the-hmac-key"], "secret": ["`+base64.RawURLEncoding.EncodeToString(k.hmac)+`"]`))
	return strings.Replace(defaultRealm, `"loginWithEmailAllowed": true,`, `"loginWithEmailAllowed": true, `+components, 1)
}

// sign signs with the algorithm of the token that cases are made of.
func (k ownKeys) sign(alg string) func(header, payload string) string {
	enc := base64.RawURLEncoding
	return func(header, payload string) string {
		input := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload))
		if alg == "HS512" {
			m := hmac.New(sha512.New, k.hmac)
			m.Write([]byte(input))
			return input + "." + enc.EncodeToString(m.Sum(nil))
		}
		sum := sha256.Sum256([]byte(input))
		sig, err := rsa.SignPKCS1v15(nil, k.rsa, crypto.SHA256, sum[:])
		if err != nil {
			return ""
		}
		return input + "." + enc.EncodeToString(sig)
	}
}

// place is an endpoint that takes a token.
type place struct {
	name    string
	token   string // the good one that the corpus is made of
	present func(token string) *exchange
	accepts func(e *exchange) bool
	// reads says that the place looks at every claim: revocation and logout do
	// not, since who held an expired token may still wish to end it.
	reads bool
}

func (w *world) places(t *testing.T, good tokens) []place {
	t.Helper()
	authenticated := []string{"client_id", "confidential", "client_secret", clientSecret}
	asBearer := func(path string) func(string) *exchange {
		return func(token string) *exchange {
			control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
			if strings.ContainsFunc(token, control) || strings.Trim(token, " \t") == good.Access {
				return nil // no header can carry it, or blanks around it are the header's
			}
			return w.do(t, "GET", path, "", bearer(token))
		}
	}
	inForm := func(endpoint, name string, more ...string) func(string) *exchange {
		return func(token string) *exchange {
			return w.post(t, w.protocol("platform", endpoint), form(append(append([]string{name, token}, authenticated...), more...)...), nil)
		}
	}
	active := func(e *exchange) bool {
		return e.status == http.StatusOK && strings.TrimSpace(string(e.body)) != inactive
	}
	return []place{
		{"GET /v1/vms", good.Access, asBearer("/v1/vms"), ok, true},
		{"userinfo", good.Access, asBearer(w.protocol("platform", "userinfo")), ok, true},
		{"introspection of access tokens", good.Access, inForm("token/introspect", "token"), active, true},
		{"introspection of refresh tokens", good.Refresh, inForm("token/introspect", "token"), active, true},
		{"refresh", good.Refresh, inForm("token", "refresh_token", "grant_type", "refresh_token"), ok, true},
		{"logout", good.Refresh, inForm("logout", "refresh_token"), func(e *exchange) bool { return e.status == http.StatusNoContent }, false},
		{"revoke", good.Access, inForm("revoke", "token"), func(e *exchange) bool { return e.status == http.StatusOK && len(e.body) == 0 }, false},
		{"legacy refresh", good.Refresh, func(token string) *exchange {
			b, err := json.Marshal(map[string]string{"refreshToken": token})
			if err != nil {
				t.Fatal(err)
			}
			return w.do(t, "POST", "/v1/vms/auth/refresh/5", string(b), http.Header{"Content-Type": {"application/json"}})
		}, ok, true},
	}
}

func ok(e *exchange) bool { return e.status == http.StatusOK }

// TestHostileTokensAreRefusedEverywhere throws the corpus at every endpoint
// that takes a token: none is accepted, none makes the server fail. What is
// signed well is among it: the realm's keys are the test's own.
func TestHostileTokensAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	keys := newOwnKeys(t)
	w := start(t, keys.realm(t))
	good := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	jwks := w.do(t, "GET", w.protocol("platform", "certs"), "", nil).body
	for turn, p := range w.places(t, good) {
		t.Run(p.name, func(t *testing.T) {
			in := tokentest.Input{Valid: p.token, JWKS: jwks, Rand: rand.Reader, Sign: keys.sign(algOf(t, p.token))}
			cases, err := tokentest.Hostile(in)
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases, w.claimCases(t, p, in)...)
			sent := 0
			for i, c := range cases {
				if unsigned := !strings.HasPrefix(c.Kind, "signed"); unsigned && (i+turn)%3 == 0 {
					continue // another place has it
				}
				e := p.present(c.Token)
				if e == nil {
					continue
				}
				sent++
				if p.accepts(e) || e.status >= 500 {
					t.Errorf("%s: %d %.300s", c.Name, e.status, e.body)
				}
			}
			if sent < 1000 {
				t.Errorf("only %d hostile tokens were sent", sent)
			}
		})
	}
	if e := w.post(t, tokenPath, form("client_id", "confidential", "client_secret", clientSecret, "grant_type", "refresh_token", "refresh_token", good.Refresh), nil); e.status != http.StatusOK {
		t.Errorf("the good session suffered: %d %s", e.status, e.body)
	}
	if s := w.vms(t, good.Access); s != http.StatusOK {
		t.Errorf("the good access token: %d", s)
	}
}

// claimCases are the well signed tokens that only a look at the claims refuses,
// where the place looks.
func (w *world) claimCases(t *testing.T, p place, in tokentest.Input) []tokentest.Case {
	t.Helper()
	if !p.reads {
		return nil
	}
	cases, err := tokentest.Misstated(in, w.clock.Now().Unix())
	if err != nil {
		t.Fatal(err)
	}
	more, err := tokentest.Sessions(in)
	if p.name == "GET /v1/vms" { // it asks the store for nothing
		more, err = tokentest.Audiences(in, "video-api")
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(cases, more...)
}

// F7 (RFC 8725 sections 3.11, 3.12, ASVS 9.2.2): every kind of token presented
// everywhere passes only where its kind is meant.
func TestF7_TokensServeOnePurpose(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for kind, token := range map[string]string{"access": got.Access, "refresh": got.Refresh, "id": got.ID} {
		bearer := http.Header{"Authorization": {"Bearer " + token}}
		for place, c := range map[string]struct {
			takes string
			e     *exchange
		}{
			"API":      {"access", w.do(t, "GET", "/v1/vms", "", bearer)},
			"userinfo": {"access", w.do(t, "GET", w.protocol("platform", "userinfo"), "", bearer)},
			"refresh":  {"refresh", w.post(t, tokenPath, refresh("anonymous", token), nil)},
		} {
			if passed := c.e.status == http.StatusOK; passed != (c.takes == kind) {
				t.Errorf("%s token at %s: %d %s", kind, place, c.e.status, c.e.body)
			}
		}
		if kind != "refresh" {
			e := w.post(t, w.protocol("platform", "logout"), form("client_id", "anonymous", "refresh_token", token), nil)
			if e.status != http.StatusBadRequest || memberOf(t, e.body, "error_description") != "Invalid refresh token" {
				t.Errorf("%s token at logout: %d %s", kind, e.status, e.body)
			}
		}
	}
	if s := w.vms(t, got.Access); s != http.StatusOK {
		t.Errorf("the session suffered: %d", s)
	}
}
