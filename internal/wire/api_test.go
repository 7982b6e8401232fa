package wire

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestChallenges holds RFC 6750 and what old clients look for in a body.
func TestChallenges(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for _, c := range []struct {
		name, method, path, body, authorization, accept string
		status                                          int
		challenge, contentType, contains                string
	}{
		{"nothing", "GET", "/v1/vms", "", "", "", 401, `Bearer realm=`, "text/html", "<title>Error</title>"},
		{"any type is not JSON", "GET", "/v1/vms/?", "", "", "*/*", 401, `Bearer realm=`, "text/html", "<title>Error</title>"},
		{"JSON asked for", "GET", "/v1/vms", "", "", "application/json", 401, `Bearer realm=`, "application/problem+json", `"message"`},
		{"garbage", "GET", "/v1/vms", "", "Bearer garbage", "application/json", 401, `error="invalid_token"`, "application/problem+json", `"message"`},
		{"empty", "GET", "/v1/vms", "", "Bearer ", "", 401, `Bearer realm=`, "text/html", "<title>Error</title>"},
		{"refresh token", "GET", "/v1/vms", "", "Bearer " + got.Refresh, "", 401, `error="invalid_token"`, "text/html", ""},
		{"ID token", "GET", "/v1/vms", "", "Bearer " + got.ID, "", 401, `error="invalid_token"`, "text/html", ""},
		{"another scheme", "GET", "/v1/vms", "", "Basic " + basic("a", "b"), "", 401, `Bearer realm=`, "text/html", ""},
		{"query and header", "GET", "/v1/vms?access_token=" + got.Access, "", "Bearer " + got.Access, "application/json", 400, `error="invalid_request"`, "application/problem+json", `"message"`},
		{"query only", "GET", "/v1/vms?access_token=" + got.Access, "", "", "application/json", 401, "Bearer", "application/problem+json", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{}
			if c.authorization != "" {
				header.Set("Authorization", c.authorization)
			}
			if c.accept != "" {
				header.Set("Accept", c.accept)
			}
			e := w.do(t, c.method, c.path, c.body, header)
			if e.status != c.status || !strings.Contains(e.header.Get("WWW-Authenticate"), c.challenge) ||
				!strings.HasPrefix(e.header.Get("Content-Type"), c.contentType) || !strings.Contains(string(e.body), c.contains) {
				t.Errorf("%d %v %s", e.status, e.header, e.body)
			}
		})
	}
	if c := w.do(t, "GET", "/v1/vms", "", nil).header.Get("WWW-Authenticate"); strings.Contains(c, "error=") {
		t.Errorf("no credentials, yet %s", c)
	}
}

// TestAudience refuses tokens that were not made for the API.
func TestAudience(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	e := w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + got.Access}})
	if e.status != http.StatusOK {
		t.Fatalf("%d %s", e.status, e.body)
	}
	w.clock.Advance(300 * time.Second)
	if s := w.vms(t, got.Access); s != http.StatusOK {
		t.Errorf("at exp: %d", s)
	}
	w.clock.Advance(time.Second)
	e = w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + got.Access}, "Accept": {"application/json"}})
	if e.status != http.StatusUnauthorized || !strings.Contains(string(e.body), "expired 1 s ago") {
		t.Errorf("after exp: %d %s", e.status, e.body)
	}
}

// TestOpenAPI serves a document of what exists.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.do(t, "GET", "/v1/openapi", "", nil)
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(e.body, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/v1/vms"]["get"] == nil {
		t.Errorf("%d %v %s", e.status, err, e.body)
	}
}

// TestLegacyLogin holds the JSON login of the older clients.
func TestLegacyLogin(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	bodies := map[string]string{
		"JSON":           `{"username":"user@example.org","password":"an example password"}`,
		"single quotes":  `{'username':'user@example.org','password':'an example password'}`,
		"further fields": `{"username":"user@example.org","password":"an example password","x":1}`,
	}
	var first map[string]any
	for name, body := range bodies {
		for _, path := range []string{"/v1/vms/auth/login", "/v1/vms//auth/login"} {
			e := w.do(t, "POST", path, body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer "}})
			if e.status != http.StatusOK || e.header.Get("Deprecation") == "" {
				t.Fatalf("%s %s: %d %v %s", name, path, e.status, e.header, e.body)
			}
			if err := json.Unmarshal(e.body, &first); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"accessToken": "<any>", "refreshToken": "<any>", "validForVideoManager": 5.0, "videoManagerList": []any{
				map[string]any{"id": 5.0, "name": "First", "uuid": "<any>"}, map[string]any{"id": 97.0, "name": "Second", "uuid": "<any>"}}}
			if err := match(want, any(first), "", nil); err != nil {
				t.Errorf("%v in %s", err, e.body)
			}
		}
	}
	if s := w.vms(t, first["accessToken"].(string)); s != http.StatusOK {
		t.Errorf("its access token: %d", s)
	}
	refreshToken := first["refreshToken"].(string)
	w.clock.Advance(10 * time.Minute)
	e := w.do(t, "POST", "/v1/vms/auth/refresh/97", `{"refreshToken":"`+refreshToken+`"}`, http.Header{"Content-Type": {"application/json"}})
	var again map[string]any
	if err := json.Unmarshal(e.body, &again); err != nil || e.status != http.StatusOK || again["validForVideoManager"] != 97.0 || again["accessToken"] == nil || again["refreshToken"] == nil {
		t.Errorf("refresh: %d %s", e.status, e.body)
	}
	// The same session as the documented login's: its refresh token works there.
	w.refreshed(t, "platform", again["refreshToken"].(string))
	for name, c := range map[string]struct{ path, body string }{
		"wrong password":               {"/v1/vms/auth/login", `{"username":"user@example.org","password":"x"}`},
		"unknown user":                 {"/v1/vms/auth/login", `{"username":"unknown","password":"x"}`},
		"garbage refresh":              {"/v1/vms/auth/refresh/5", `{"refreshToken":"x"}`},
		"somebody else's VideoManager": {"/v1/vms/auth/refresh/319", `{"refreshToken":"` + refreshToken + `"}`},
	} {
		e := w.do(t, "POST", c.path, c.body, http.Header{"Content-Type": {"application/json"}})
		if e.status/100 != 4 || memberOf(t, e.body, "message") == "" || strings.Contains(string(e.body), "accessToken") {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
}
