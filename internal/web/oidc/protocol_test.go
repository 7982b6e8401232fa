package oidc_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{Answer: &grant.Answer{
		AccessToken: "a.b.c", ExpiresIn: 300, RefreshExpiresIn: 3600, RefreshToken: "d.e.f", TokenType: "bearer",
		IDToken: "g.h.i", SessionState: "s", Scope: "openid profile email",
	}}, nil)
	const want = `{"access_token":"a.b.c","expires_in":300,"refresh_expires_in":3600,"refresh_token":"d.e.f",` +
		`"token_type":"bearer","id_token":"g.h.i","not-before-policy":0,"session_state":"s","scope":"openid profile email"}`
	for _, path := range []string{protocol + "/token", strings.TrimPrefix(protocol, "/auth") + "/token", protocol + "/token/", protocol + "/token?"} {
		resp, body := h.form(t, path, "client_id=anonymous& grant_type=password&\n  password=a;b+%26")
		if resp.StatusCode != 200 || body != want || resp.Header.Get("Content-Type") != "application/json" ||
			resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %d %v %s", path, resp.StatusCode, resp.Header, body)
		}
		asked := h.grants.last()
		if asked.Form.Get("grant_type") != "password" || asked.Form.Get("password") != "a;b &" ||
			asked.Address != netip.MustParseAddr("127.0.0.1") || asked.Secure {
			t.Errorf("%s: asked %+v", path, asked)
		}
	}
}

func TestTokenTakesBasic(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{}, oauth.Refuse(oauth.NoGrantType))
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}, "Authorization": {"basic YW5vbnltb3VzOg=="}}
	h.send(t, http.MethodPost, protocol+"/token", "", header)
	if got := h.grants.last().Basic; got != (oauth.Basic{ID: "anonymous", Present: true}) {
		t.Errorf("%+v", got)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{}, oauth.Refuse(oauth.WrongCredentials).WithID("event-1"))
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, path, media, body string
		status                    int
		want                      string
	}{
		"GET":           {"GET", protocol + "/token", "", "", 405, `{"error":"HTTP 405 Method Not Allowed"}`},
		"JSON":          {"POST", protocol + "/token", "application/json", `{"grant_type":"password"}`, 415, `"error":"invalid_request"`},
		"JSON hint":     {"POST", protocol + "/token", "application/json", `{"grant_type":"password"}`, 415, `curl -d grant_type=password`},
		"unknown realm": {"POST", strings.Replace(protocol, "platform", "none", 1) + "/token", form, "a=b", 404, `{"error":"Realm does not exist"}`},
		"unknown path":  {"POST", protocol + "/tokens", form, "a=b", 404, `{"error":"Unable to find matching target resource method"}`},
		"unknown both":  {"GET", "/realms/none/x/y", "", "", 404, `{"error":"Realm does not exist"}`},
		"outside":       {"GET", "/nothing", "", "", 404, `{"error":"Unable to find matching target resource method"}`},
		"bad escape":    {"POST", protocol + "/token", form, "password=%", 400, `in parameter 'password'`},
		"too many":      {"POST", protocol + "/token", form, strings.Repeat("a=b&", 101), 400, `"invalid_request"`},
		"too large":     {"POST", protocol + "/token", form, strings.Repeat("a", 70000), 413, `"invalid_request"`},
		"refused":       {"POST", protocol + "/token", form, "a=b", 401, `"error":"invalid_grant","error_description":"Invalid user credentials"`},
		"refused id":    {"POST", protocol + "/token", form, "a=b", 401, `"error_id":"event-1"`},
		"unnormalized":  {"POST", protocol + "//token", form, "a=b", 400, `missingNormalization`},
	} {
		resp, body := h.send(t, c.method, c.path, c.body, http.Header{"Content-Type": {c.media}})
		if resp.StatusCode != c.status || !strings.Contains(body, c.want) ||
			resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %d %v %s", name, resp.StatusCode, resp.Header, body)
		}
		if c.status == 405 && resp.Header.Get("Allow") != "OPTIONS, POST" {
			t.Errorf("%s: Allow %q", name, resp.Header.Get("Allow"))
		}
	}
}

func TestWrongPasswordMayBe400(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.realm.Realm.WrongPasswordIs400 = true
	h.grants.outcome(grant.Result{}, oauth.Refuse(oauth.WrongCredentials))
	if resp, body := h.form(t, protocol+"/token", "a=b"); resp.StatusCode != 400 || !strings.Contains(body, "Invalid user credentials") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestStorageTroubleIs503(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{}, errors.Join(iam.ErrUnavailable))
	for _, path := range []string{"/token", "/revoke", "/logout", "/token/introspect"} {
		resp, body := h.form(t, protocol+path, "a=b")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "temporarily_unavailable") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestCORSFollowsTheClient(t *testing.T) {
	t.Parallel()
	h := start(t)
	client := &iam.Client{WebOrigins: []string{"https://app.example"}}
	for _, c := range []struct {
		origin string
		res    grant.Result
		err    error
		want   bool
	}{
		{"https://app.example", grant.Result{Client: client, Answer: &grant.Answer{}}, nil, true},
		{"https://other.example", grant.Result{Client: client, Answer: &grant.Answer{}}, nil, false},
		{"", grant.Result{Client: client, Answer: &grant.Answer{}}, nil, false},
		{"https://app.example", grant.Result{Client: client}, oauth.Refuse(oauth.WrongCredentials), true},
		{"https://other.example", grant.Result{Client: client}, oauth.Refuse(oauth.WrongCredentials), false},
		{"https://other.example", grant.Result{}, oauth.Refuse(oauth.ClientUnknown), true},
		{"https://other.example", grant.Result{}, oauth.Refuse(oauth.RealmDisabled), true},
		{"https://other.example", grant.Result{}, oauth.Refuse(oauth.UnknownGrantType), false},
	} {
		h.grants.outcome(c.res, c.err)
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if c.origin != "" {
			header.Set("Origin", c.origin)
		}
		resp, _ := h.send(t, http.MethodPost, protocol+"/token", "a=b", header)
		got := resp.Header.Get("Access-Control-Allow-Origin")
		if (got == c.origin && got != "") != c.want || got == "*" {
			t.Errorf("%s, %v: %q", c.origin, c.err, got)
		}
	}
}

func TestPreflights(t *testing.T) {
	t.Parallel()
	h := start(t)
	for path, methods := range map[string]string{
		"/token": "POST, OPTIONS", "/revoke": "POST, OPTIONS", "/logout": "POST, OPTIONS", "/userinfo": "GET, POST, OPTIONS", "/certs": "GET, OPTIONS",
	} {
		resp, body := h.send(t, http.MethodOptions, protocol+path, "", http.Header{"Origin": {"https://any.example"}})
		if resp.StatusCode != 200 || body != "" || resp.Header.Get("Access-Control-Allow-Methods") != methods ||
			resp.Header.Get("Access-Control-Allow-Origin") != "https://any.example" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
}

func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	h := start(t)
	resp, body := h.form(t, protocol+"/revoke", "token=x")
	if resp.StatusCode != 200 || body != "" || resp.Header["Content-Type"] != nil || resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("revoke: %d %v %q", resp.StatusCode, resp.Header, body)
	}
	resp, body = h.form(t, protocol+"/logout", "refresh_token=x")
	if resp.StatusCode != 204 || body != "" || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("logout: %d %v %q", resp.StatusCode, resp.Header, body)
	}
	h.grants.outcome(grant.Result{}, oauth.Refuse(oauth.RevokeInvalidToken))
	resp, body = h.form(t, protocol+"/revoke", "token=x")
	if resp.StatusCode != 200 || !strings.HasPrefix(body, `{"error":"invalid_token","error_description":"Invalid token"`) {
		t.Errorf("revoke: %d %q", resp.StatusCode, body)
	}
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{Body: []byte(`{"active":false}`)}, nil)
	resp, body := h.form(t, protocol+"/token/introspect", "token=x")
	if resp.StatusCode != 200 || body != `{"active":false}` || resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.grants.outcome(grant.Result{Client: &iam.Client{}, Body: []byte(`{"sub":"1"}`)}, nil)
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, body, media, auth string
		status                    int
		challenge                 string
	}{
		"GET":              {"GET", "", "", "Bearer tok", 200, ""},
		"lower case":       {"GET", "", "", "bearer tok", 200, ""},
		"POST with header": {"POST", "", "", "Bearer tok", 200, ""},
		"POST with JSON":   {"POST", "{}", "application/json", "Bearer tok", 200, ""},
		"POST with form":   {"POST", "access_token=tok", form, "", 200, ""},
		"both":             {"POST", "access_token=tok", form, "Bearer tok", 400, `Bearer realm="platform", error="invalid_request", error_description="More than one method used for including an access token"`},
		"none":             {"GET", "", "", "", 401, `Bearer realm="platform"`},
		"empty":            {"GET", "", "", "Bearer", 401, `Bearer realm="platform"`},
		"Basic":            {"POST", "", form, "Basic YTpi", 401, `Bearer realm="platform"`},
	} {
		header := http.Header{"Content-Type": {c.media}}
		if c.auth != "" {
			header.Set("Authorization", c.auth)
		}
		resp, body := h.send(t, c.method, protocol+"/userinfo", c.body, header)
		if resp.StatusCode != c.status || resp.Header.Get("Www-Authenticate") != c.challenge {
			t.Errorf("%s: %d %v %s", name, resp.StatusCode, resp.Header, body)
		}
		if c.status != 200 && (body != "" || resp.Header.Get("Content-Type") != "text/plain;charset=utf-8") {
			t.Errorf("%s: %v %q", name, resp.Header, body)
		}
	}
	for _, raw := range h.grants.bearer {
		if raw != "tok" {
			t.Errorf("token %q", raw)
		}
	}
}

func TestUserInfoRefusals(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, c := range []struct {
		err       error
		status    int
		challenge string
	}{
		{oauth.RefuseArg(oauth.BearerInvalid, "User disabled"), 401, `Bearer realm="platform", error="invalid_token", error_description="User disabled"`},
		{oauth.RefuseArg(oauth.BearerScope, "openid"), 403, `Bearer realm="platform", error="insufficient_scope", error_description="Missing openid scope", scope="openid"`},
		{iam.ErrUnavailable, 503, ""},
	} {
		h.grants.outcome(grant.Result{}, c.err)
		resp, body := h.send(t, http.MethodGet, protocol+"/userinfo", "", http.Header{"Authorization": {"Bearer tok"}, "Origin": {"https://any.example"}})
		if resp.StatusCode != c.status || resp.Header.Get("Www-Authenticate") != c.challenge || (body == "") != (c.challenge != "") ||
			resp.Header.Get("Access-Control-Allow-Origin") != "https://any.example" {
			t.Errorf("%v: %d %v %q", c.err, resp.StatusCode, resp.Header, body)
		}
	}
}
