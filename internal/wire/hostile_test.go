package wire

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// TestHostileTokensAreRefusedEverywhere throws the corpus at every endpoint
// that takes a token: none is accepted, none makes the server fail.
func TestHostileTokensAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	const secret = "a secret: 100% & more"
	good := w.loginAs(t, "platform", "confidential", secret, user, password)
	jwks := w.do(t, "GET", w.protocol("platform", "certs"), "", nil).body
	authenticated := []string{"client_id", "confidential", "client_secret", secret}
	asBearer := func(path string) func(string) *exchange {
		return func(token string) *exchange {
			control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
			if strings.ContainsFunc(token, control) || strings.Trim(token, " \t") == good.Access {
				return nil // no header can carry it, or blanks around it are the header's
			}
			return w.do(t, "GET", path, "", http.Header{"Authorization": {"Bearer " + token}})
		}
	}
	inForm := func(endpoint, name string, more ...string) func(string) *exchange {
		return func(token string) *exchange {
			return w.post(t, w.protocol("platform", endpoint), form(append(append([]string{name, token}, authenticated...), more...)...), nil)
		}
	}
	for _, place := range []struct {
		name    string
		token   string // the good one that the corpus is made of
		present func(token string) *exchange
		accepts func(e *exchange) bool
	}{
		{"GET /v1/vms", good.Access, asBearer("/v1/vms"), ok},
		{"userinfo", good.Access, asBearer(w.protocol("platform", "userinfo")), ok},
		{"introspection of access tokens", good.Access, inForm("token/introspect", "token"), func(e *exchange) bool {
			return e.status == http.StatusOK && strings.TrimSpace(string(e.body)) != `{"active":false}`
		}},
		{"introspection of refresh tokens", good.Refresh, inForm("token/introspect", "token"), func(e *exchange) bool {
			return e.status == http.StatusOK && strings.TrimSpace(string(e.body)) != `{"active":false}`
		}},
		{"refresh", good.Refresh, inForm("token", "refresh_token", "grant_type", "refresh_token"), ok},
		{"logout", good.Refresh, inForm("logout", "refresh_token"), func(e *exchange) bool { return e.status == http.StatusNoContent }},
		{"revoke", good.Access, inForm("revoke", "token"), func(e *exchange) bool { return e.status == http.StatusOK && len(e.body) == 0 }},
		{"legacy refresh", good.Refresh, func(token string) *exchange {
			b, err := json.Marshal(map[string]string{"refreshToken": token})
			if err != nil {
				t.Fatal(err)
			}
			return w.do(t, "POST", "/v1/vms/auth/refresh/5", string(b), http.Header{"Content-Type": {"application/json"}})
		}, ok},
	} {
		t.Run(place.name, func(t *testing.T) {
			cases, err := tokentest.Hostile(tokentest.Input{Valid: place.token, JWKS: jwks, Rand: rand.Reader})
			if err != nil {
				t.Fatal(err)
			}
			sent := 0
			for _, c := range cases {
				e := place.present(c.Token)
				if e == nil {
					continue
				}
				sent++
				if place.accepts(e) || e.status >= 500 {
					t.Errorf("%s: %d %.300s", c.Name, e.status, e.body)
				}
			}
			if sent < 200 {
				t.Errorf("only %d hostile tokens were sent", sent)
			}
		})
	}
	if e := w.post(t, tokenPath, form(append(authenticated, "grant_type", "refresh_token", "refresh_token", good.Refresh)...), nil); e.status != http.StatusOK {
		t.Errorf("the good session suffered: %d %s", e.status, e.body)
	}
}

func ok(e *exchange) bool { return e.status == http.StatusOK }

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
