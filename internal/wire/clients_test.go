package wire

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestClientAuthentication holds the ways in which real clients name themselves.
func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	const secret = "a secret: 100% & more"
	grant := form("grant_type", "password", "scope", "openid", "username", user, "password", password)
	for name, c := range map[string]struct{ body, authorization string }{
		"client_id in the form":                {grant + "&client_id=anonymous", ""},
		"Basic with an empty secret, no id":    {grant, "Basic " + basic("anonymous", "")},
		"an empty client_secret":               {grant + "&client_id=anonymous&client_secret=", ""},
		"a public client's secret is ignored":  {grant + "&client_id=anonymous&client_secret=whatever", ""},
		"a confidential client by post":        {grant + "&" + form("client_id", "confidential", "client_secret", secret), ""},
		"a confidential client by Basic":       {grant, "Basic " + basic("confidential", secret)},
		"Basic and form naming one: form wins": {grant + "&" + form("client_id", "confidential", "client_secret", secret), "Basic " + basic("confidential", "wrong")},
		"unknown parameters":                   {grant + "&client_id=anonymous&response_type=token&x=y", ""},
		"blanks before names":                  {"\r\n\t " + strings.ReplaceAll(grant, "&", "&\n   ") + "& client_id=anonymous", ""},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if c.authorization != "" {
				header.Set("Authorization", c.authorization)
			}
			if e := w.post(t, tokenPath, c.body, header); e.status != http.StatusOK {
				t.Errorf("%d %s", e.status, e.body)
			}
		})
	}
}

// TestClientCredentials holds the answer to a service account: no refresh
// token, no session.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, form("grant_type", "client_credentials", "client_id", "confidential", "client_secret", "a secret: 100% & more"), nil)
	if e.status != http.StatusOK {
		t.Fatalf("%d %s", e.status, e.body)
	}
	want := map[string]any{"access_token": "<any>", "expires_in": 300.0, "refresh_expires_in": 0.0, "token_type": "bearer", "not-before-policy": 0.0, "scope": "<any>"}
	var got any
	if err := json.Unmarshal(e.body, &got); err != nil {
		t.Fatal(err)
	}
	if err := match(want, got, "", nil); err != nil {
		t.Errorf("%v in %s", err, e.body)
	}
}

// TestIntrospection says active exactly when the API would accept.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	const secret = "a secret: 100% & more"
	path := w.protocol("platform", "token/introspect")
	ask := func(token string) *exchange {
		return w.post(t, path, form("client_id", "confidential", "client_secret", secret, "token", token), nil)
	}
	got := w.loginAs(t, "platform", "confidential", secret, user, password)
	e := ask(got.Access)
	var live map[string]any
	if err := json.Unmarshal(e.body, &live); err != nil || live["active"] != true || live["client_id"] != "confidential" || live["username"] != user {
		t.Fatalf("%d %s", e.status, e.body)
	}
	w.post(t, w.protocol("platform", "logout"), form("client_id", "confidential", "client_secret", secret, "refresh_token", got.Refresh), nil)
	for name, token := range map[string]string{"logged out": got.Access, "its refresh token": got.Refresh, "garbage": "x.y.z",
		"of another audience": w.login(t, "platform", "anonymous", user, password).ID} {
		if e := ask(token); e.status != http.StatusOK || strings.TrimSpace(string(e.body)) != `{"active":false}` {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"public client": {form("client_id", "anonymous", "token", got.Access), 403, "invalid_request"},
		"wrong secret":  {form("client_id", "confidential", "client_secret", "x", "token", got.Access), 401, "invalid_request"},
		"no token":      {form("client_id", "confidential", "client_secret", secret), 400, "invalid_request"},
	} {
		if e := w.post(t, path, c.body, nil); e.status != c.status || memberOf(t, e.body, "error") != c.code {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
}

// H8 (RFC 9700 section 2.6): an origin that is one of the client's may read the
// answer, and no other; a page of any origin may ask first.
func TestH8_OnlyTheClientsOriginsReadAnswers(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	grant := form("client_id", "anonymous", "grant_type", "password", "username", user, "password", password)
	for origin, allowed := range map[string]bool{"https://app.example.org": true, "https://evil.example.org": false, "https://app.example.org.evil.org": false, "null": false} {
		for _, body := range []string{grant, grant + "x"} { // success and error alike
			e := w.post(t, tokenPath, body, http.Header{"Origin": {origin}})
			got := e.header.Get("Access-Control-Allow-Origin")
			if allowed && (got != origin || e.header.Get("Access-Control-Allow-Credentials") != "true") || !allowed && got != "" {
				t.Errorf("%s: %d %v", origin, e.status, e.header)
			}
		}
	}
	e := w.do(t, "OPTIONS", tokenPath, "", http.Header{"Origin": {"https://app.example.org"}, "Access-Control-Request-Method": {"POST"}})
	if e.status != http.StatusOK || e.header.Get("Access-Control-Allow-Origin") == "" || !strings.Contains(e.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %d %v", e.status, e.header)
	}
	e = w.do(t, "OPTIONS", "/v1/vms", "", http.Header{"Origin": {"https://app.example.org"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"authorization"}})
	if e.status/100 != 2 || e.header.Get("Access-Control-Allow-Origin") == "" || !strings.Contains(strings.ToLower(e.header.Get("Access-Control-Allow-Headers")), "authorization") {
		t.Errorf("API preflight: %d %v", e.status, e.header)
	}
}
