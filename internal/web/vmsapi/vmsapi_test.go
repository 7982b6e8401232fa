package vmsapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-a6a28e10/usher/api"
)

const wantList = `[{"id":5,"name":"Eins <Zwei>","uuid":"u5","configuration":{"a":[1]}},{"id":97,"name":"Neun","uuid":"u97","configuration":{}}]`

func TestListInEverySpelling(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, path := range []string{"/v1/vms", "/v1/vms/", "/v1/vms?", "/v1/vms/?", "/v1//vms", "/v1/vms//"} {
		w := f.get(t, path, "ada")
		if w.Code != 200 || w.Body.String() != wantList {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: content type %q", path, got)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: cache control %q", path, got)
		}
	}
	if w := f.get(t, "/v1/vms", "nobody"); w.Body.String() != "[]" {
		t.Errorf("a member of nothing gets %s", w.Body)
	}
}

func TestListDecodesAsWireType(t *testing.T) {
	t.Parallel()
	var got []api.VideoManager
	if err := json.Unmarshal(newFixture(t, nil).get(t, "/v1/vms", "ada").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].ID != 5 || got[0].Name != "Eins <Zwei>" || got[1].UUID != "u97" {
		t.Errorf("%+v", got)
	}
}

func TestOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for path, status := range map[string]int{
		"/v1/vms/97": 200, "/v1/vms/97/": 200, "/v1/vms/6": 403, "/v1/vms/99999": 403, "/v1/vms/-1": 403,
		"/v1/vms/abc": 400, "/v1/vms/99999999999999999999": 400, "/v1/vms/1.5": 400,
	} {
		if w := f.get(t, path, "ada"); w.Code != status {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, status, w.Body)
		}
	}
	var m api.VideoManager
	if err := json.Unmarshal(f.get(t, "/v1/vms/97", "ada").Body.Bytes(), &m); err != nil || m.Name != "Neun" {
		t.Errorf("%+v, %v", m, err)
	}
	var p api.Problem
	w := f.get(t, "/v1/vms/6", "ada")
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Message == "" || !strings.Contains(p.ErrorHint, "5, 97") || w.Header().Get("Content-Type") != api.ProblemType {
		t.Errorf("%+v", p)
	}
	// Not yours and not there: the same bytes but for the id.
	a, b := f.get(t, "/v1/vms/6", "ada").Body.String(), f.get(t, "/v1/vms/7", "ada").Body.String()
	if strings.ReplaceAll(a, " 6", " 7") != b {
		t.Errorf("%s differs from %s", a, b)
	}
}

// RFC 6750 sections 2 and 3.
func TestCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	const bare = `Bearer realm="platform"`
	form := "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, path, body string
		header           []string
		status           int
		challenge        string // exact, or a prefix when it ends in …
	}{
		{name: "none", path: "/v1/vms", status: 401, challenge: bare},
		{name: "none, one", path: "/v1/vms/5", status: 401, challenge: bare},
		{name: "another scheme", path: "/v1/vms", header: []string{"Basic YTpi"}, status: 401, challenge: bare},
		{name: "no token behind the scheme", path: "/v1/vms", header: []string{"Bearer "}, status: 401, challenge: bare},
		{name: "scheme in lower case", path: "/v1/vms", header: []string{"bearer ada"}, status: 200},
		{name: "scheme in upper case", path: "/v1/vms", header: []string{"BEARER ada"}, status: 200},
		{name: "not a token", path: "/v1/vms", header: []string{`Bearer a"b`}, status: 401, challenge: `Bearer realm="platform", error="invalid_token"…`},
		{name: "refused", path: "/v1/vms", header: []string{"Bearer expired"}, status: 401,
			challenge: `Bearer realm="platform", error="invalid_token", error_description="Token expired 42 s ago"`},
		{name: "in the query", path: "/v1/vms?access_token=ada", status: 401, challenge: bare},
		{name: "in the body", path: "/v1/vms", body: "access_token=ada", status: 401, challenge: bare},
		{name: "header and query", path: "/v1/vms?access_token=ada", header: []string{"Bearer ada"}, status: 400, challenge: `Bearer realm="platform", error="invalid_request"…`},
		{name: "header and body", path: "/v1/vms", body: "access_token=ada", header: []string{"Bearer ada"}, status: 400, challenge: `Bearer realm="platform", error="invalid_request"…`},
		{name: "two headers", path: "/v1/vms", header: []string{"Bearer ada", "Bearer ada"}, status: 400, challenge: `Bearer realm="platform", error="invalid_request"…`},
		{name: "a body that is too large", path: "/v1/vms", body: "a=" + strings.Repeat("b", 64<<10), header: []string{"Bearer ada"}, status: 413},
		{name: "a body of something else", path: "/v1/vms", body: "a=b", header: []string{"Bearer ada"}, status: 200},
		{name: "foreign", path: "/v1/vms/6", header: []string{"Bearer ada"}, status: 403, challenge: `Bearer realm="platform", error="insufficient_scope"…`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			if c.body != "" {
				r = httptest.NewRequest(http.MethodGet, c.path, strings.NewReader(c.body))
				r.Header.Set("Content-Type", form)
			}
			r.Header["Authorization"] = c.header
			w := f.do(t, r)
			if w.Code != c.status {
				t.Fatalf("%d, want %d: %s", w.Code, c.status, w.Body)
			}
			got := w.Header().Get("WWW-Authenticate")
			if prefix, ok := strings.CutSuffix(c.challenge, "…"); ok && !strings.HasPrefix(got, prefix) || !ok && got != c.challenge {
				t.Errorf("challenge %q, want %q", got, c.challenge)
			}
		})
	}
}

func TestUnauthorizedBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for accept, html := range map[string]bool{"": true, "*/*": true, "text/html": true, "application/json": false, "application/problem+json": false, "application/json;q=0": true} {
		w := f.get(t, "/v1/vms/?", "expired", "Accept", accept)
		if got := strings.Contains(w.Body.String(), "<title>Error</title>"); got != html || w.Code != 401 {
			t.Errorf("accept %q: %d %s", accept, w.Code, w.Body)
		}
		if !strings.Contains(w.Body.String(), "Token expired 42 s ago") {
			t.Errorf("accept %q lacks the reason: %s", accept, w.Body)
		}
	}
}

func TestTroubleIsNotARefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, who := range []string{"trouble", "unlucky"} {
		w := f.get(t, "/v1/vms", who)
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d %v", who, w.Code, w.Header())
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"} {
		w := f.do(t, httptest.NewRequest(method, "/v1/vms", nil))
		if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	r := httptest.NewRequest(http.MethodHead, "/v1/vms", nil)
	r.Header.Set("Authorization", "Bearer ada")
	if w := f.do(t, r); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != strconv.Itoa(len(wantList)) {
		t.Errorf("HEAD: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w := f.get(t, "/v1/nothing", "ada"); w.Code != 404 {
		t.Errorf("an unknown path: %d", w.Code)
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) { c.Limit = 1 })
	r := httptest.NewRequest(http.MethodOptions, "/v1/vms", nil)
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	r.Header.Set("Access-Control-Request-Headers", "authorization")
	w := f.do(t, r)
	if w.Code >= 300 || w.Header().Get("Access-Control-Allow-Origin") != "https://app.example" ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	for status, token := range map[int]string{200: "ada", 401: "expired", 503: "trouble"} {
		w := f.get(t, "/v1/vms", token, "Origin", "https://app.example")
		if w.Code != status || w.Header().Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(w.Header().Get("Vary"), "Origin") {
			t.Errorf("%s: %d %v", token, w.Code, w.Header())
		}
	}
	if w := f.get(t, "/v1/vms", "ada", "Origin", "https://app.example"); w.Code != 429 || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("limited: %d %v", w.Code, w.Header())
	}
	if w := f.get(t, "/v1/vms", "bob"); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS headers without an Origin")
	}
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, path := range []string{"/v1/vms", "/v1/vms/5"} {
		for who, status := range map[string]int{"ada": 200, "secured": 403, "expired": 401} {
			if w := f.get(t, path, who); w.Code != status || status == 403 && !strings.Contains(w.Body.String(), `"message":"HTTPS required"`) {
				t.Errorf("%s of %s: %d %s", path, who, w.Code, w.Body)
			}
		}
	}
}

func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	w := f.get(t, "/v1/openapi", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if w.Header().Get("Vary") != "Origin" {
		t.Errorf("may be kept, and varies by %q", w.Header().Get("Vary"))
	}
	if strings.Contains(w.Body.String(), "{{") {
		t.Error("a placeholder was left")
	}
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Servers[0].URL != testAPI {
		t.Errorf("%s at %s", doc.OpenAPI, doc.Servers[0].URL)
	}
	if got := doc.Components.SecuritySchemes["oauth2"].Value.Flows.Password.TokenURL; got != testIssuer+"/protocol/openid-connect/token" {
		t.Errorf("token URL %s", got)
	}
	for path, deprecated := range map[string]bool{"/v1/vms/auth/login": true, "/v1/vms/auth/refresh/{videoManagerId}": true} {
		if op := doc.Paths.Value(path).Post; op.Deprecated != deprecated {
			t.Errorf("%s deprecated is %v", path, op.Deprecated)
		}
	}
}
