package wire

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	user     = "user@example.org"
	password = "an example password"
)

func form(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}

// TestTokenEndpointErrors holds every way in which the token endpoint refuses:
// status, error and description as Keycloak gives them, and the hint beside.
func TestTokenEndpointErrors(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	tokens := w.login(t, "platform", "anonymous", user, password)
	foreign := w.loginAs(t, "platform", "confidential", "a secret: 100% & more", user, password)
	path := func(realm string) string { return strings.Replace(tokenPath, "platform", realm, 1) }
	direct := func(client string) string {
		return form("client_id", client, "grant_type", "password", "username", user, "password", password)
	}
	for _, c := range []struct {
		name, path, body string
		header           http.Header
		status           int
		code, text       string
	}{
		{"no grant type", tokenPath, form("client_id", "anonymous"), nil, 400, "invalid_request", "Missing form parameter: grant_type"},
		{"empty body", tokenPath, "", nil, 400, "invalid_request", "Missing form parameter: grant_type"},
		{"unknown grant type, even of an unknown client", tokenPath, form("client_id", "nobody", "grant_type", "magic"), nil, 400, "unsupported_grant_type", "Unsupported grant_type"},
		{"no client", tokenPath, form("grant_type", "password"), nil, 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"malformed Basic and no client", tokenPath, form("grant_type", "password"), http.Header{"Authorization": {"Basic !!"}}, 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"unknown client", tokenPath, direct("nobody"), nil, 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"disabled client", tokenPath, direct("off"), nil, 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"confidential client without a secret", tokenPath, direct("confidential"), nil, 401, "unauthorized_client", "Invalid client or Invalid client credentials"},
		{"confidential client, wrong secret", tokenPath, direct("confidential") + "&client_secret=wrong", nil, 401, "unauthorized_client", "Invalid client or Invalid client credentials"},
		{"two clients", tokenPath, direct("anonymous"), http.Header{"Authorization": {"Basic " + basic("confidential", "x")}}, 400, "invalid_request", ""},
		{"bearer-only client", tokenPath, direct("bearer") + "&client_secret=a+secret", nil, 400, "invalid_client", "Bearer-only not allowed"},
		{"client of another protocol", tokenPath, direct("saml"), nil, 400, "invalid_client", "Wrong client protocol."},
		{"a parameter twice", tokenPath, direct("anonymous") + "&username=x", nil, 400, "invalid_request", "duplicated parameter"},
		{"a parameter twice, once with a blank before its name", tokenPath, direct("anonymous") + "&+username=x", nil, 400, "invalid_request", "duplicated parameter"},
		{"bad escape", tokenPath, direct("anonymous") + "&x=%zz", nil, 400, "invalid_request", ""},
		{"direct access grants off", tokenPath, direct("browser-only"), nil, 400, "unauthorized_client", "Client not allowed for direct access grants"},
		{"consent required", tokenPath, direct("consent"), nil, 400, "invalid_client", "Client requires user consent"},
		{"unknown scope", tokenPath, direct("anonymous") + "&scope=openid+magic", nil, 400, "invalid_scope", "Invalid scopes: openid magic"},
		{"no username", tokenPath, form("client_id", "anonymous", "grant_type", "password", "password", password), nil, 401, "invalid_request", "Missing parameter: username"},
		{"no password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", user), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"wrong password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", user, "password", "x"), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"unknown user", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "unknown", "password", "x"), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"user without a password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "nobody", "password", "x"), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"disabled user, wrong password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "disabled", "password", "x"), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"disabled user, right password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "disabled", "password", password), nil, 400, "invalid_grant", "Account disabled"},
		{"required action, wrong password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "waiting", "password", "x"), nil, 401, "invalid_grant", "Invalid user credentials"},
		{"required action, right password", tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "waiting", "password", password), nil, 400, "invalid_grant", "Account is not fully set up"},
		{"no refresh token", tokenPath, form("client_id", "anonymous", "grant_type", "refresh_token"), nil, 400, "invalid_request", "No refresh token"},
		{"garbage as refresh token", tokenPath, refresh("anonymous", "garbage"), nil, 400, "invalid_grant", "Invalid refresh token"},
		{"access token as refresh token", tokenPath, refresh("anonymous", tokens.Access), nil, 400, "invalid_grant", "Invalid refresh token"},
		{"ID token as refresh token", tokenPath, refresh("anonymous", tokens.ID), nil, 400, "invalid_grant", "Invalid refresh token"},
		{"another realm's refresh token", path("rotating"), refresh("anonymous", tokens.Refresh), nil, 400, "invalid_grant", "Invalid refresh token"},
		{"another client's refresh token", tokenPath, refresh("anonymous", foreign.Refresh), nil, 400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match"},
		{"refresh without client authentication", tokenPath, refresh("confidential", foreign.Refresh), nil, 401, "unauthorized_client", "Invalid client or Invalid client credentials"},
		{"wider scope at refresh", tokenPath, refresh("anonymous", tokens.Refresh) + "&scope=openid+phone+address", nil, 400, "invalid_scope", "Invalid scopes: openid phone address"},
		{"client credentials of a public client", tokenPath, form("client_id", "anonymous", "grant_type", "client_credentials"), nil, 401, "unauthorized_client", "Public client not allowed to retrieve service account"},
		{"client credentials without a service account", tokenPath, form("client_id", "backend", "client_secret", "another", "grant_type", "client_credentials"), nil, 401, "unauthorized_client", "Client not enabled to retrieve service account"},
		{"disabled realm", path("closed"), direct("anonymous"), nil, 403, "access_denied", "Realm not enabled"},
		{"unknown realm", path("plattform"), direct("anonymous"), nil, 404, "Realm does not exist", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := w.post(t, c.path, c.body, c.header)
			var got struct {
				Error string `json:"error"`
				Text  string `json:"error_description"`
				Hint  string `json:"error_hint"`
				ID    string `json:"error_id"`
			}
			if err := json.Unmarshal(e.body, &got); err != nil {
				t.Fatalf("%v in %q", err, e.body)
			}
			if e.status != c.status || got.Error != c.code || c.text != "" && got.Text != c.text {
				t.Errorf("%d %s", e.status, e.body)
			}
			if c.status == 404 {
				return
			}
			if got.Hint == "" || got.ID == "" {
				t.Errorf("no hint or id in %s", e.body)
			}
			if e.header.Get("Cache-Control") != "no-store" || e.header.Get("Pragma") != "no-cache" {
				t.Errorf("cacheable: %v", e.header)
			}
			if e.header.Get("Content-Type") != "application/json" {
				t.Errorf("content type %q", e.header.Get("Content-Type"))
			}
		})
	}
}

// TestOversizedForms are refused before they cost anything.
func TestOversizedForms(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	if e := w.post(t, tokenPath, "grant_type=password&x="+strings.Repeat("a", 64<<10), nil); e.status != http.StatusRequestEntityTooLarge {
		t.Errorf("64 KiB: %d %s", e.status, e.body)
	}
	if e := w.post(t, tokenPath, "grant_type=password"+strings.Repeat("&a=b", 100), nil); e.status != http.StatusBadRequest {
		t.Errorf("101 parameters: %d %s", e.status, e.body)
	}
}

// A7 (RFC 6749 sections 2.1, 4.3.2): name and password are decoded exactly once
// as UTF-8; blanks at either end, "+", "%", ";", NUL and characters of four bytes
// reach the check of the password unchanged.
func TestA7_PasswordsAreDecodedOnce(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	const odd = " ;%26+&=\t😀 blanks around "
	w.login(t, "platform", "anonymous", "other", odd)
	for _, wrong := range []string{strings.TrimSpace(odd), " ;&+&=\t😀 blanks around ", odd + "\x00", strings.ToUpper(odd)} {
		if e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", "other", "password", wrong), nil); e.status != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", wrong, e.status, e.body)
		}
	}
	// As curl sends it when only what must be escaped is: the semicolon is data.
	raw := "client_id=anonymous&grant_type=password&username=other&password=+;%2526%2B%26=%09😀 blanks around "
	if e := w.post(t, tokenPath, raw, nil); e.status != http.StatusOK {
		t.Errorf("raw: %d %s", e.status, e.body)
	}
}
