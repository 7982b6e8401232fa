package wire

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to change rows behind the server's back

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// refusesRefresh presents a refresh token and holds the refusal's text.
func (w *world) refusesRefresh(t *testing.T, realm, token, text string) {
	t.Helper()
	e := w.post(t, w.protocol(realm, "token"), refresh("anonymous", token), nil)
	if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_grant" || memberOf(t, e.body, "error_description") != text {
		t.Errorf("%d %s, want %q", e.status, e.body, text)
	}
	if e.header.Get("Cache-Control") != "no-store" || memberOf(t, e.body, "error_hint") == "" {
		t.Errorf("%v %s", e.header, e.body)
	}
}

// TestRefreshRefusals holds the texts by which a session's end is told, those
// that only time, a row or a setting brings about.
func TestRefreshRefusals(t *testing.T) {
	t.Parallel()
	realm := func(settings, client, user string) string {
		return fmt.Sprintf(`{"realm": "platform", "enabled": true, "accessTokenLifespan": 300, "ssoSessionIdleTimeout": 3600 %s,
			"clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true %s}],
			"users": [{"username": "user@example.org", "enabled": true %s, "credentials": [{"type": "password", "value": "an example password"}]}]}`, settings, client, user)
	}
	later := time.Now().Add(time.Hour).Unix()
	for _, c := range []struct {
		name, realm string
		then        func(t *testing.T, w *world, got tokens)
		text        string
	}{
		{"expired", realm("", "", ""), wait(3601 * time.Second), "Token is not active"},
		{"the session's maximum", realm(`, "ssoSessionMaxLifespan": 7200`, "", ""), func(t *testing.T, w *world, got tokens) {
			w.clock.Advance(3600 * time.Second)
			got = w.refreshed(t, "platform", got.Refresh)
			w.clock.Advance(3590 * time.Second)
			w.refreshed(t, "platform", got.Refresh)
			w.clock.Advance(11 * time.Second)
			w.refusesRefresh(t, "platform", got.Refresh, "Token is not active")
		}, ""},
		{"the realm's not-before", realm(fmt.Sprintf(`, "notBefore": %d`, later), "", ""), nil, "Stale token"},
		{"the client's not-before", realm("", fmt.Sprintf(`, "notBefore": %d`, later), ""), nil, "Stale token"},
		{"the user's not-before", realm("", "", fmt.Sprintf(`, "notBefore": %d`, later)), nil, "Stale token"},
		{"a disabled user", realm("", "", ""), func(t *testing.T, w *world, _ tokens) {
			w.order(t, "POST", api.AdminUserDisable, nil, "platform", user)
		}, "User disabled"},
		{"a deleted session", realm("", "", ""), change("delete from client_session; delete from user_session"), "Session not active"},
		{"a deleted client session", realm("", "", ""), change("delete from client_session"), "Session doesn't have required client"},
		{"the client session's maximum", realm(`, "clientSessionMaxLifespan": 600`, "", ""), wait(601 * time.Second), "Token is not active"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, c.realm)
			got := w.login(t, "platform", "anonymous", user, password)
			if c.then != nil {
				c.then(t, w, got)
			}
			if c.text != "" {
				w.refusesRefresh(t, "platform", got.Refresh, c.text)
			}
		})
	}
}

func wait(d time.Duration) func(*testing.T, *world, tokens) {
	return func(_ *testing.T, w *world, _ tokens) { w.clock.Advance(d) }
}

// change runs a statement on the database beside the server. Rows may only go:
// one that is changed so is found to be damaged.
func change(statement string) func(*testing.T, *world, tokens) {
	return func(t *testing.T, w *world, _ tokens) {
		t.Helper()
		if _, err := w.database(t).ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReuseTexts holds the texts of a rotating realm.
func TestReuseTexts(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first := w.login(t, "rotating", "anonymous", user, password)
	second := w.refreshed(t, "rotating", first.Refresh)
	w.vms(t, second.Access) // seen: the successor is in use
	w.refreshed(t, "rotating", second.Refresh)
	w.clock.Advance(11 * time.Second)
	w.refusesRefresh(t, "rotating", first.Refresh, "Stale token")
	w.refusesRefresh(t, "rotating", second.Refresh, "Session doesn't have required client")

	first = w.login(t, "rotating", "anonymous", user, password)
	second = w.refreshed(t, "rotating", first.Refresh)
	third := w.refreshed(t, "rotating", second.Refresh)
	w.refreshed(t, "rotating", third.Refresh) // third is the parent, and its successor …
	w.clock.Advance(11 * time.Second)
	w.refreshed(t, "rotating", third.Refresh) // … was never used: a lost answer
}

// TestPlainHTTPIsRefusedWhereTheRealmRequiresTLS asks through a trusted proxy.
func TestPlainHTTPIsRefusedWhereTheRealmRequiresTLS(t *testing.T) {
	t.Parallel()
	for setting, c := range map[string]struct{ from, proto string }{
		"all":      {"127.0.0.1", "http"},
		"external": {"203.0.113.7", "http"},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			w := startWith(t, apptest.Options{
				Realm: strings.Replace(defaultRealm, `"realm": "platform",`, `"realm": "platform", "sslRequired": "`+setting+`",`, 1),
				Clock: apptest.NewStillClock(),
				Config: func(c *app.Config) {
					c.APIRateLimit = 0
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
				},
			})
			plain := http.Header{"X-Forwarded-For": {c.from}, "X-Forwarded-Proto": {c.proto}}
			safe := http.Header{"X-Forwarded-For": {c.from}, "X-Forwarded-Proto": {"https"}}
			body := form("client_id", "anonymous", "grant_type", "password", "scope", "openid", "username", user, "password", password)
			e := w.post(t, tokenPath, body, plain)
			if e.status != http.StatusForbidden || memberOf(t, e.body, "error") != "invalid_request" || memberOf(t, e.body, "error_description") != "HTTPS required" {
				t.Errorf("token: %d %s", e.status, e.body)
			}
			e = w.post(t, tokenPath, body, safe)
			if e.status != http.StatusOK {
				t.Fatalf("over https: %d %s", e.status, e.body)
			}
			access := memberOf(t, e.body, "access_token")
			for _, path := range []string{"/v1/vms", w.protocol("platform", "userinfo")} {
				for want, header := range map[int]http.Header{http.StatusOK: safe, http.StatusForbidden: plain} {
					header = header.Clone()
					header.Set("Authorization", "Bearer "+access)
					if e := w.do(t, "GET", path, "", header); e.status != want {
						t.Errorf("%s: %d %s, want %d", path, e.status, e.body, want)
					}
				}
			}
		})
	}
}

// TestAnAlgorithmPerRealmAndClient reads the header of what was signed.
func TestAnAlgorithmPerRealmAndClient(t *testing.T) {
	t.Parallel()
	var realms []string
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		realms = append(realms, fmt.Sprintf(`{"realm": "r-%s", "enabled": true, "defaultSignatureAlgorithm": "%s",
			"clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true},
				{"clientId": "own", "publicClient": true, "directAccessGrantsEnabled": true, "attributes": {"access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "EdDSA"}}],
			"users": [{"username": "user@example.org", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]}`, alg, alg))
	}
	w := start(t, "["+strings.Join(realms, ",")+"]")
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		got := w.login(t, "r-"+alg, "anonymous", user, password)
		if a, i := algOf(t, got.Access), algOf(t, got.ID); a != alg || i != alg {
			t.Errorf("realm %s signs with %s and %s", alg, a, i)
		}
		if s := w.vms(t, got.Access); s != http.StatusOK {
			t.Errorf("realm %s: the API answers %d", alg, s)
		}
		own := w.login(t, "r-"+alg, "own", user, password)
		if a, i := algOf(t, own.Access), algOf(t, own.ID); a != "ES256" || i != "EdDSA" {
			t.Errorf("in realm %s a client's own are %s and %s", alg, a, i)
		}
	}
}
