package wire

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// E1 (OpenID Connect Discovery sections 3, 4.3): the issuer is the configured
// value, and no header by which servers have been fooled changes a byte of any
// document that states it.
func TestE1_NoHeaderChangesTheIssuer(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range []string{"/auth/realms/platform/.well-known/openid-configuration", "/realms/platform/.well-known/openid-configuration",
		"/auth/realms/platform/.well-known/oauth-authorization-server", "/auth/realms/platform", "/.well-known/oauth-protected-resource",
		"/.well-known/webfinger?resource=" + w.base + "/v1/"} {
		plain := w.do(t, "GET", path, "", nil)
		if plain.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, plain.status, plain.body)
		}
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-For", "X_Forwarded_Host",
			"X-Forwarded-Server", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "X-Host", "Forwarded", "X-Real-IP", "Front-End-Https", "Origin"} {
			for _, value := range []string{"evil.example.org", "https", "host=evil.example.org;proto=https"} {
				e := w.do(t, "GET", path, "", http.Header{name: {value}})
				if e.status != plain.status || string(e.body) != string(plain.body) {
					t.Errorf("%s with %s: %s changes %s", path, name, value, e.body)
				}
			}
		}
	}
}

// E2 (OpenID Connect Discovery section 3): every endpoint and grant that the
// document names answers, and it states one issuer under both prefixes.
func TestE2_DiscoveryNamesWhatWorks(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	var a, b map[string]any
	for prefix, into := range map[string]*map[string]any{"/auth": &a, "": &b} {
		e := w.do(t, "GET", prefix+"/realms/platform/.well-known/openid-configuration", "", nil)
		if err := json.Unmarshal(e.body, into); err != nil {
			t.Fatal(err)
		}
	}
	if a["issuer"] != b["issuer"] || a["issuer"] != w.base+"/auth/realms/platform" {
		t.Errorf("issuers %v and %v", a["issuer"], b["issuer"])
	}
	for key, value := range a {
		url, ok := value.(string)
		if !ok || key == "issuer" || !strings.HasPrefix(url, "http") {
			continue
		}
		method := "GET"
		if strings.HasSuffix(key, "_endpoint") && key != "userinfo_endpoint" {
			method = "POST"
		}
		e := w.do(t, method, strings.TrimPrefix(url, w.base), "", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if e.status == http.StatusNotFound || e.status == http.StatusMethodNotAllowed || e.status >= 500 {
			t.Errorf("%s %s: %d", key, url, e.status)
		}
	}
	for _, grant := range a["grant_types_supported"].([]any) {
		e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", grant.(string)), nil)
		if memberOf(t, e.body, "error") == "unsupported_grant_type" {
			t.Errorf("%v is advertised and not supported", grant)
		}
	}
}

// TestRoutingAnswers holds what Keycloak says to paths and verbs it does not know.
func TestRoutingAnswers(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/auth/realms/plattform", 404, `{"error":"Realm does not exist"}`},
		{"GET", "/realms/plattform/protocol/openid-connect/certs", 404, `{"error":"Realm does not exist"}`},
		{"GET", "/auth/nothing", 404, `{"error":"Unable to find matching target resource method"}`},
		{"GET", "/auth/realms/platform/protocol/openid-connect/nothing", 404, ""},
		{"GET", "/debug/pprof/", 404, ""},
		{"GET", "/metrics", 404, ""},
		{"GET", "/health", 404, ""},
		{"TRACE", "/v1/vms", 405, ""},
	} {
		e := w.do(t, c.method, c.path, "", nil)
		if e.status != c.status || c.body != "" && strings.TrimSpace(string(e.body)) != c.body {
			t.Errorf("%s %s: %d %s", c.method, c.path, e.status, e.body)
		}
	}
}

// TestWebFinger holds the first step of the documented discovery.
func TestWebFinger(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.do(t, "GET", "/.well-known/webfinger?resource="+w.base+"/v1/", "", nil)
	if e.status != http.StatusOK || !strings.HasPrefix(e.header.Get("Content-Type"), "application/jrd+json") ||
		!strings.Contains(e.header.Get("Cache-Control"), "max-age=") || e.header.Get("Expires") == "" {
		t.Fatalf("%d %v %s", e.status, e.header, e.body)
	}
	var got any
	if err := json.Unmarshal(e.body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"subject": w.base + "/v1/",
		"properties": map[string]any{
			w.base + "/v1/keycloak/realm":           "platform",
			w.base + "/v1/keycloak/auth-server-url": w.base + "/auth/",
		},
		"links": []any{map[string]any{
			"rel":  "http://openid.net/specs/connect/1.0/issuer",
			"href": w.base + "/auth/realms/platform/.well-known/openid-configuration",
		}},
	}
	if err := match(want, got, "", nil); err != nil {
		t.Errorf("%v in %s", err, e.body)
	}
	for resource, status := range map[string]int{"": 400, "resource=": 400, "resource=%00": 400, "resource=https://other.example.org/v1/": 404} {
		if e := w.do(t, "GET", "/.well-known/webfinger?"+resource, "", nil); e.status != status {
			t.Errorf("%q: %d %s", resource, e.status, e.body)
		}
	}
}
