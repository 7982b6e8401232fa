package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRealmInfo(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.realm.Realm.NotBefore = 7
	const want = `{"realm":"platform","public_key":"MIIBIjAN","token-service":"https://login.example/auth/realms/platform/protocol/openid-connect",` +
		`"account-service":"https://login.example/auth/realms/platform/account","tokens-not-before":7}`
	for _, path := range []string{"/auth/realms/platform", "/realms/platform", "/auth/realms/platform/"} {
		resp, body := h.send(t, http.MethodGet, path, "", http.Header{"Origin": {"https://any.example"}})
		if resp.StatusCode != 200 || body != want || resp.Header.Get("Content-Type") != "application/json;charset=UTF-8" ||
			resp.Header.Get("Access-Control-Allow-Origin") != "https://any.example" {
			t.Errorf("%s: %d %v %s", path, resp.StatusCode, resp.Header, body)
		}
	}
	if resp, body := h.get(t, "/auth/realms/closed"); resp.StatusCode != 403 || !strings.Contains(body, "Realm not enabled") {
		t.Errorf("closed: %d %s", resp.StatusCode, body)
	}
}

func TestCerts(t *testing.T) {
	t.Parallel()
	h := start(t)
	resp, body := h.get(t, protocol+"/certs")
	if resp.StatusCode != 200 || body != string(h.realm.JWKS) || resp.Header.Get("Cache-Control") != "public, max-age=300" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
}

// wantMetadata is the whole document: what is not in it is not served.
const wantMetadata = `{"issuer":"B","token_endpoint":"B/protocol/openid-connect/token",` +
	`"introspection_endpoint":"B/protocol/openid-connect/token/introspect","userinfo_endpoint":"B/protocol/openid-connect/userinfo",` +
	`"jwks_uri":"B/protocol/openid-connect/certs",` +
	`"grant_types_supported":["client_credentials","password","refresh_token"],"acr_values_supported":["1"],` +
	`"response_types_supported":["none"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256"],` +
	`"token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],` +
	`"introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],` +
	`"claims_supported":["iss","sub","aud","exp","iat","name","given_name","family_name","preferred_username","email","email_verified","acr","azp","sid"],` +
	`"claim_types_supported":["normal"],"claims_parameter_supported":false,"scopes_supported":SCOPES,` +
	`"request_parameter_supported":false,"request_uri_parameter_supported":false,"tls_client_certificate_bound_access_tokens":false,` +
	`"revocation_endpoint":"B/protocol/openid-connect/revoke",` +
	`"revocation_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"]}`

// locations are where a realm's metadata stands.
func locations() []string {
	var all []string
	for _, name := range []string{"openid-configuration", "oauth-authorization-server"} {
		for _, base := range []string{"/auth/realms/platform", "/realms/platform"} {
			all = append(all, base+"/.well-known/"+name, "/.well-known/"+name+base)
		}
	}
	return all
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	h := start(t)
	want := strings.NewReplacer("B", h.realm.Issuer, "SCOPES",
		`["openid","profile","email","address","phone","roles","web-origins","microprofile-jwt","acr","basic","video-api"]`).Replace(wantMetadata)
	for _, path := range locations() {
		resp, body := h.get(t, path)
		if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-cache, must-revalidate, no-transform, no-store" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
		if diff := cmp.Diff(strings.Split(want, ","), strings.Split(body, ",")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if resp, body := h.send(t, http.MethodPost, locations()[0], "", nil); resp.StatusCode != 404 || body != `{"error":"HTTP 404 Not Found"}` {
		t.Errorf("POST: %d %s", resp.StatusCode, body)
	}
}

func TestEveryAdvertisedEndpointAnswers(t *testing.T) {
	t.Parallel()
	h := start(t)
	_, body := h.get(t, locations()[0])
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	for name, value := range doc {
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			continue
		}
		path := strings.TrimPrefix(value.(string), loginBase)
		get, _ := h.get(t, path)
		post, _ := h.form(t, path, "a=b")
		if get.StatusCode == 404 || post.StatusCode == 404 || (get.StatusCode == 405 && post.StatusCode == 405) {
			t.Errorf("%s at %s: %d, %d", name, path, get.StatusCode, post.StatusCode)
		}
	}
}

// hostHeaders are headers that might lead a server to another idea of its name.
func hostHeaders() []http.Header {
	var all []http.Header
	for _, name := range []string{
		"Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded",
		"X-Original-Host", "X-Original-Url", "X-Rewrite-Url", "X-Host", "Origin", "Referer",
	} {
		for _, value := range []string{"evil.example", "evil.example:8443", "for=1.2.3.4;host=evil.example;proto=http"} {
			if name == "Host" && strings.Contains(value, ";") {
				value = "EVIL.example"
			}
			all = append(all, http.Header{name: {value}})
		}
	}
	return append(all, http.Header{"X-Forwarded-Host": {"evil.example", "login.example"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Port": {"1"}})
}

func TestNoHeaderChangesADocument(t *testing.T) {
	t.Parallel()
	h := start(t)
	headers := hostHeaders()
	if len(headers) < 40 {
		t.Fatalf("only %d headers", len(headers))
	}
	paths := append(locations(), "/auth/realms/platform", protocol+"/certs", webFinger(apiBase), "/.well-known/oauth-protected-resource")
	for _, path := range paths {
		_, want := h.get(t, path)
		for _, header := range headers {
			if resp, got := h.send(t, http.MethodGet, path, "", header); got != want || resp.StatusCode != 200 {
				t.Errorf("%s with %v: %d %s", path, header, resp.StatusCode, got)
			}
		}
	}
}

func webFinger(resource string) string {
	return "/.well-known/webfinger?resource=" + url.QueryEscape(resource)
}

func TestWebFinger(t *testing.T) {
	t.Parallel()
	h := start(t)
	const document = `{"subject":%q,"properties":{"https://api.example/v1/keycloak/auth-server-url":"https://login.example/auth/",` +
		`"https://api.example/v1/keycloak/realm":"platform"},"links":%s}`
	const links = `[{"rel":"http://openid.net/specs/connect/1.0/issuer","href":"https://login.example/auth/realms/platform/.well-known/openid-configuration"}]`
	for _, c := range []struct{ query, want string }{
		{webFinger(apiBase), fmt.Sprintf(document, apiBase, links)},
		{"/.well-known/webfinger?resource=" + apiBase, fmt.Sprintf(document, apiBase, links)},
		{webFinger("https://API.example/v1"), fmt.Sprintf(document, "https://API.example/v1", links)},
		{webFinger(apiBase) + "&rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer", fmt.Sprintf(document, apiBase, links)},
		{webFinger(apiBase) + "&rel=other", fmt.Sprintf(document, apiBase, "[]")},
	} {
		resp, body := h.get(t, c.query)
		if resp.StatusCode != 200 || body != c.want || resp.Header.Get("Content-Type") != "application/jrd+json" ||
			resp.Header.Get("Cache-Control") != "max-age=3600" || resp.Header.Get("Expires") != "Fri, 02 Jan 2026 04:04:05 GMT" {
			t.Errorf("%s: %d %v\n%s\nwant\n%s", c.query, resp.StatusCode, resp.Header, body, c.want)
		}
	}
	for query, want := range map[string]int{
		"/.well-known/webfinger":                                  400,
		"/.well-known/webfinger?resource=":                        400,
		"/.well-known/webfinger?resource=v1":                      400,
		"/.well-known/webfinger?resource=%zz":                     400,
		webFinger(apiBase) + "&resource=x%3Ay":                    400,
		webFinger("https://other.example/v1/"):                    404,
		webFinger("acct:ann@example.com"):                         404,
		webFinger("https://api.example/v1/../v2/"):                404,
		webFinger("https://api.example/v1/" + "?x=\r\nX-Evil: 1"): 400,
	} {
		resp, body := h.get(t, query)
		if resp.StatusCode != want || resp.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"message":`) {
			t.Errorf("%s: %d %s", query, resp.StatusCode, body)
		}
	}
	if resp, _ := h.send(t, http.MethodPost, webFinger(apiBase), "", nil); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestProtectedResource(t *testing.T) {
	t.Parallel()
	h := start(t)
	const want = `{"resource":%q,"authorization_servers":["https://login.example/auth/realms/platform","https://login.example/auth/realms/other"],` +
		`"scopes_supported":["openid"],"bearer_methods_supported":["header"],"resource_documentation":"https://api.example/v1/openapi"}`
	for _, path := range []string{"", "/v1", "/v1/"} {
		resp, body := h.get(t, "/.well-known/oauth-protected-resource"+path)
		if resp.StatusCode != 200 || body != fmt.Sprintf(want, "https://api.example"+path) || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %s", path, resp.StatusCode, body)
		}
	}
}

// What may be kept says that it differs by origin, also where none was sent: a
// cache that learns it from browsers only has kept the other answer already.
func TestKeptDocumentsVaryByOrigin(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, path := range []string{webFinger(apiBase), "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/v1"} {
		for _, header := range []http.Header{nil, {"Origin": {"https://app.example"}}} {
			resp, _ := h.send(t, http.MethodGet, path, "", header)
			if resp.Header.Get("Cache-Control") != "max-age=3600" || !slices.Equal(resp.Header.Values("Vary"), []string{"Origin"}) ||
				resp.Header.Get("Access-Control-Allow-Origin") != header.Get("Origin") {
				t.Errorf("%s with %v: %v", path, header, resp.Header)
			}
		}
	}
}
