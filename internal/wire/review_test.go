package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// realmWith is a realm of that name with a user, a public client, and settings.
func realmWith(name, settings string) string {
	return `{"realm": "` + name + `", "enabled": true, ` + settings + `,
		"clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true},
			{"clientId": "backend", "publicClient": false, "secret": "another", "directAccessGrantsEnabled": true}],
		"users": [{"username": "user@example.org", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]}`
}

// behindProxy starts an Usher that believes its peer's forwarded headers.
func behindProxy(t *testing.T, realm string) *world {
	t.Helper()
	return startWith(t, apptest.Options{Realm: realm, Clock: apptest.NewStillClock(), Config: func(c *app.Config) {
		c.APIRateLimit = 0
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}})
}

// B6 (RFC 6750 sections 5.2, 5.3): each endpoint that takes a credential refuses
// plain http where the realm asks for TLS, and does not redirect. At the API the
// realm of the token decides.
func TestB6_TLSIsRequiredEverywhere(t *testing.T) {
	t.Parallel()
	w := behindProxy(t, "["+realmWith("platform", `"sslRequired": "none"`)+","+realmWith("secured", `"sslRequired": "all"`)+
		","+realmWith("outside", `"sslRequired": "external"`)+"]")
	from := func(address, proto string) http.Header {
		return http.Header{"X-Forwarded-For": {address}, "X-Forwarded-Proto": {proto}}
	}
	const public, private = "203.0.113.9", "10.1.2.3"
	for _, c := range []struct {
		realm, address, proto string
		admitted              bool
	}{
		{"platform", public, "http", true},
		{"secured", public, "https", true},
		{"secured", private, "http", false},
		{"secured", public, "http", false},
		{"outside", private, "http", true},
		{"outside", public, "https", true},
		{"outside", public, "http", false},
	} {
		login := form("client_id", "backend", "client_secret", "another", "grant_type", "password", "scope", "openid", "username", user, "password", password)
		e := w.post(t, w.protocol(c.realm, "token"), login, from(public, "https"))
		access, refreshToken := memberOf(t, e.body, "access_token"), memberOf(t, e.body, "refresh_token")
		if e.status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.realm, e.status, e.body)
		}
		const as = "client_id=backend&client_secret=another&"
		for _, call := range []struct{ method, path, body string }{
			{"GET", "/v1/vms", ""},
			{"GET", w.protocol(c.realm, "userinfo"), ""},
			{"POST", w.protocol(c.realm, "token"), login},
			{"POST", w.protocol(c.realm, "token/introspect"), as + "token=" + access},
			{"POST", w.protocol(c.realm, "revoke"), as + "token=" + access},
			{"POST", w.protocol(c.realm, "logout"), as + "refresh_token=" + refreshToken},
		} {
			header := from(c.address, c.proto)
			if call.method == "POST" {
				header.Set("Content-Type", "application/x-www-form-urlencoded")
			} else {
				header.Set("Authorization", "Bearer "+access)
			}
			e := w.do(t, call.method, call.path, call.body, header)
			refused := e.status == http.StatusForbidden && strings.Contains(string(e.body), "HTTPS required")
			if refused == c.admitted || c.admitted && e.status >= 300 {
				t.Errorf("%s %s at %s from %s by %s: %d %s", call.method, call.path, c.realm, c.address, c.proto, e.status, e.body)
			}
			if strings.HasPrefix(call.path, "/v1/") && refused && e.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s", call.path, e.header.Get("Content-Type"))
			}
		}
	}
}

// TestNoPasswordIsNoPassword imports a user whose stored hash is of the empty
// password: neither nothing nor too much of it opens the account, and each try
// counts as a wrong one.
func TestNoPasswordIsNoPassword(t *testing.T) {
	t.Parallel()
	secretData, credentialData, err := secret.Hasher{}.Hash("")
	if err != nil {
		t.Fatal(err)
	}
	credential, err := json.Marshal(map[string]string{"type": "password", "secretData": secretData, "credentialData": credentialData})
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, strings.Replace(realmWith("platform", `"loginWithEmailAllowed": true`),
		`{"type": "password", "value": "an example password"}`, string(credential), 1))
	login := form("client_id", "anonymous", "grant_type", "password", "username", user)
	for name, body := range map[string]string{
		"absent":          login,
		"empty":           login + "&password=",
		"over the hash":   login + "&password=" + strings.Repeat("x", secret.MaxPassword+1),
		"over a value":    login + "&password=" + strings.Repeat("x", 4001),
		"nearly the form": login + "&password=" + strings.Repeat("x", 60_000),
	} {
		e := w.post(t, tokenPath, body, nil)
		if e.status != http.StatusUnauthorized || memberOf(t, e.body, "error_description") != "Invalid user credentials" {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
	for name, password := range map[string]string{"empty": "", "too long": strings.Repeat("x", 5000)} {
		e := w.do(t, "POST", "/v1/vms/auth/login", `{"username":"user@example.org","password":"`+password+`"}`, nil)
		if e.status != http.StatusUnauthorized {
			t.Errorf("%s at the JSON login: %d %s", name, e.status, e.body)
		}
	}
}

// TestAccessTokensEndWithTheIdleSession sets an access lifespan beyond the
// session's idle timeout: the API, which reads exp, and introspection, which
// looks the session up, agree at each moment.
func TestAccessTokensEndWithTheIdleSession(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"accessTokenLifespan": 7200, "ssoSessionIdleTimeout": 600`))
	const as = "client_id=backend&client_secret=another&"
	e := w.post(t, tokenPath, as+form("grant_type", "password", "username", user, "password", password), nil)
	var got struct {
		Access  string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if err := json.Unmarshal(e.body, &got); err != nil || got.Expires != 600 {
		t.Fatalf("%v in %s", err, e.body)
	}
	for _, step := range []struct {
		wait   time.Duration
		status int
	}{{0, 200}, {600 * time.Second, 200}, {time.Second, 401}, {150 * time.Second, 401}} {
		w.clock.Advance(step.wait)
		active := strings.Contains(string(w.post(t, w.protocol("platform", "token/introspect"), as+"token="+got.Access, nil).body), `"active":true`)
		if status := w.vms(t, got.Access); status != step.status || active != (step.status == 200) {
			t.Errorf("after %v more: %d, active %v", step.wait, status, active)
		}
	}
}

// TestEachAdvertisedEndpointDoesItsWork sends to every URL of the discovery
// document the request that the document's specifications define for it. A
// member without a request here must not be advertised.
func TestEachAdvertisedEndpointDoesItsWork(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"sslRequired": "external"`))
	var doc map[string]any
	e := w.do(t, "GET", "/auth/realms/platform/.well-known/openid-configuration", "", nil)
	if err := json.Unmarshal(e.body, &doc); err != nil {
		t.Fatal(err)
	}
	const as = "client_id=backend&client_secret=another&"
	got := w.tokens(t, "platform", as+form("grant_type", "password", "scope", "openid", "username", user, "password", password))
	requests := map[string]struct{ method, body, contains string }{
		"jwks_uri":               {"GET", "", `"keys":[`},
		"userinfo_endpoint":      {"GET", "", `"sub":"`},
		"introspection_endpoint": {"POST", as + "token=" + got.Access, `"active":true`},
		"token_endpoint":         {"POST", as + "grant_type=refresh_token&refresh_token=" + got.Refresh, `"access_token":"`},
		"revocation_endpoint":    {"POST", as + "token=" + got.Refresh, ""},
	}
	for _, name := range []string{"jwks_uri", "userinfo_endpoint", "introspection_endpoint", "token_endpoint", "revocation_endpoint"} {
		r := requests[name]
		header := http.Header{}
		if r.method == "POST" {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		} else {
			header.Set("Authorization", "Bearer "+got.Access)
		}
		url, _ := doc[name].(string)
		e := w.do(t, r.method, strings.TrimPrefix(url, w.base), r.body, header)
		if e.status != http.StatusOK || !strings.Contains(string(e.body), r.contains) {
			t.Errorf("%s at %q: %d %s", name, url, e.status, e.body)
		}
	}
	for name, value := range doc {
		url, _ := value.(string)
		if _, known := requests[name]; !known && name != "issuer" && strings.HasPrefix(url, "http") {
			t.Errorf("%s is advertised, and nobody knows how to ask it", name)
		}
	}
	// What a login states about itself is among what is advertised.
	var claims struct {
		ACR string `json:"acr"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(got.ID, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil || !slices.Equal(doc["acr_values_supported"].([]any), []any{claims.ACR}) {
		t.Errorf("acr %q of %v", claims.ACR, doc["acr_values_supported"])
	}
}

// TestResourceMetadata asks for the API by each of its names.
func TestResourceMetadata(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range []string{"", "/v1", "/v1/"} {
		e := w.do(t, "GET", "/.well-known/oauth-protected-resource"+path, "", nil)
		var doc struct {
			Resource string   `json:"resource"`
			Servers  []string `json:"authorization_servers"`
		}
		if err := json.Unmarshal(e.body, &doc); err != nil {
			t.Fatal(err)
		}
		issuers := []string{w.base + "/auth/realms/platform", w.base + "/auth/realms/rotating"} // not the disabled one's
		if doc.Resource != w.base+path || !slices.Equal(doc.Servers, issuers) || e.header.Get("Vary") != "Origin" {
			t.Errorf("%q: %v %s", path, e.header, e.body)
		}
	}
	for _, realm := range []string{"platform", "rotating"} {
		if s := w.vms(t, w.login(t, realm, "anonymous", user, password).Access); s != http.StatusOK {
			t.Errorf("a token of %s: %d", realm, s)
		}
	}
}

// TestADeadTokenTellsNoMembership refreshes at the JSON login for a VideoManager
// of the user's and for one of somebody else's. Only a live token's holder is
// told which is which; a token that lives is not used up by a wrong id.
func TestADeadTokenTellsNoMembership(t *testing.T) {
	t.Parallel()
	const mine, foreign = "/v1/vms/auth/refresh/5", "/v1/vms/auth/refresh/319"
	w := start(t, strings.Replace(defaultRealm, `"loginWithEmailAllowed": true`, `"loginWithEmailAllowed": true, "revokeRefreshToken": true`, 1))
	message := func(path, token string) string {
		e := w.do(t, "POST", path, `{"refreshToken":"`+token+`"}`, http.Header{"Content-Type": {"application/json"}})
		if e.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, e.status, e.body)
		}
		return memberOf(t, e.body, "message")
	}
	live := w.login(t, "platform", "anonymous", user, password)
	for range 3 {
		if got := message(foreign, live.Refresh); got != "No access to VideoManager 319" {
			t.Errorf("live: %q", got)
		}
		w.clock.Advance(time.Minute)
	}
	w.refreshed(t, "platform", live.Refresh)

	ended := w.login(t, "platform", "anonymous", user, password)
	w.post(t, w.protocol("platform", "logout"), form("client_id", "anonymous", "refresh_token", ended.Refresh), nil)
	other := w.loginAs(t, "platform", "confidential", "a secret: 100% & more", user, password)
	expired := w.login(t, "platform", "anonymous", user, password)
	reused := w.login(t, "platform", "anonymous", user, password)
	next := w.refreshed(t, "platform", reused.Refresh)
	w.clock.Advance(time.Minute)
	w.refreshed(t, "platform", next.Refresh)
	for name, c := range map[string]struct{ token, first, then string }{
		"logged out":       {ended.Refresh, "Session not active", ""},
		"another client's": {other.Refresh, "Invalid refresh token. Token client and authorized client don't match", ""},
		"reused":           {reused.Refresh, "Stale token", "Session doesn't have required client"}, // its family ends
	} {
		if got := message(foreign, c.token); got != c.first {
			t.Errorf("%s: %q", name, got)
		}
		if c.then == "" {
			c.then = c.first
		}
		if got := message(mine, c.token); got != c.then {
			t.Errorf("%s, of one's own: %q", name, got)
		}
	}
	w.clock.Advance(2 * time.Hour)
	for _, path := range []string{mine, foreign} {
		if got := message(path, expired.Refresh); got != "Token is not active" {
			t.Errorf("expired, %s: %q", path, got)
		}
	}
}

// TestAnAddressThatGuessesHasToWait spends an address's wrong passwords on names
// nobody has. What it is told then says whom it concerns, and nothing of names.
func TestAnAddressThatGuessesHasToWait(t *testing.T) {
	t.Parallel()
	w := behindProxy(t, realmWith("platform", `"sslRequired": "none"`))
	from := func(address string) http.Header { return http.Header{"X-Forwarded-For": {address}} }
	login := func(name, password string) string {
		return form("client_id", "anonymous", "grant_type", "password", "username", name, "password", password)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if e := w.post(t, tokenPath, login(fmt.Sprint("nobody", i), "wrong"), from("203.0.113.9")); e.status != http.StatusUnauthorized {
				t.Errorf("guess %d: %d %s", i, e.status, e.body)
			}
		})
	}
	group.Wait()
	known := w.post(t, tokenPath, login(user, password), from("203.0.113.9"))
	unknown := w.post(t, tokenPath, login("nobody", "wrong"), from("203.0.113.9"))
	if known.status != http.StatusTooManyRequests || known.header.Get("Retry-After") != "3" ||
		memberOf(t, known.body, "error_description") != "Too many failed logins from this address" {
		t.Errorf("%d %v %s", known.status, known.header, known.body)
	}
	if unknown.status != known.status || unknown.header.Get("Retry-After") != "3" || withoutID(t, known) != withoutID(t, unknown) {
		t.Errorf("an unknown name: %d %s", unknown.status, unknown.body)
	}
	legacy := w.do(t, "POST", "/v1/vms/auth/login", `{"username":"user@example.org","password":"an example password"}`, from("203.0.113.9"))
	if legacy.status != http.StatusTooManyRequests || legacy.header.Get("Retry-After") != "3" || memberOf(t, legacy.body, "message") != "Too many failed logins from this address" {
		t.Errorf("the JSON login: %d %s", legacy.status, legacy.body)
	}
	if e := w.post(t, tokenPath, login(user, password), from("203.0.113.10")); e.status != http.StatusOK {
		t.Errorf("the address beside it: %d %s", e.status, e.body)
	}
	w.clock.Advance(3 * time.Second)
	if e := w.post(t, tokenPath, login(user, password), from("203.0.113.9")); e.status != http.StatusOK {
		t.Errorf("after the wait: %d %s", e.status, e.body)
	}
}
