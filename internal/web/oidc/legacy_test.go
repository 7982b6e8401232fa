package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

const login = "/v1/vms/auth/login"

func TestLegacyLogin(t *testing.T) {
	t.Parallel()
	h := start(t)
	answer := h.answer(t)
	h.grants.outcome(grant.Result{Answer: answer}, nil)
	want := fmt.Sprintf(`{"accessToken":%q,"refreshToken":%q,"videoManagerList":[{"id":5,"name":"Five","uuid":"u-5"},{"id":7,"name":"Seven","uuid":"u-7"}],"validForVideoManager":5}`,
		answer.AccessToken, answer.RefreshToken)
	for name, c := range map[string]struct {
		path, body string
		header     http.Header
	}{
		"plain":             {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}}},
		"charset":           {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
		"curl's media type": {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		"no media type":     {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Content-Type": {""}}},
		"single quotes":     {login, ` { 'username': 'ann', 'password' : 'p&w+%41' } `, http.Header{"Content-Type": {"application/json"}}},
		"empty bearer":      {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Authorization": {"Bearer "}}},
		"bad bearer":        {login, `{"username":"ann","password":"p&w+%41"}`, http.Header{"Authorization": {"Bearer x", "Basic y"}}},
		"double slash":      {"/v1/vms//auth/login", `{"username":"ann","password":"p&w+%41"}`, nil},
		"trailing slash":    {login + "/", `{"username":"ann","password":"p&w+%41"}`, nil},
		"more members":      {login, `{"username":"ann","password":"p&w+%41","x":[1]}`, nil},
	} {
		resp, body := h.send(t, http.MethodPost, c.path, c.body, c.header)
		if resp.StatusCode != 200 || body != want || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s", name, resp.StatusCode, resp.Header, body)
		}
		if resp.Header.Get("Deprecation") != "@1516579200" || resp.Header.Get("Cache-Control") != "no-store" ||
			resp.Header.Get("Link") != `<https://login.example`+protocol+`/token>; rel="successor-version"` {
			t.Errorf("%s: %v", name, resp.Header)
		}
		f := h.grants.last().Form
		if f.Get("client_id") != iam.AnonymousClient || f.Get("grant_type") != "password" || f.Get("username") != "ann" || f.Get("password") != "p&w+%41" {
			t.Errorf("%s: asked %+v", name, f)
		}
	}
}

func TestLegacyFailuresHaveAMessage(t *testing.T) {
	t.Parallel()
	h := start(t)
	good := `{"username":"ann","password":"pw"}`
	for name, c := range map[string]struct {
		method, path, body string
		err                error
		status             int
		message            string
	}{
		"wrong password": {"POST", login, good, oauth.Refuse(oauth.WrongCredentials), 401, "Invalid user credentials"},
		"disabled":       {"POST", login, good, oauth.Refuse(oauth.AccountDisabled), 401, "Account disabled"},
		"no user name":   {"POST", login, `{}`, oauth.Refuse(oauth.NoUsername), 401, "Missing parameter: username"},
		"not JSON":       {"POST", login, `username=ann`, nil, 400, "Cannot parse the JSON"},
		"not an object":  {"POST", login, `[1]`, nil, 400, "Cannot parse the JSON"},
		"number":         {"POST", login, `{"username":"ann","password":1}`, nil, 400, "Cannot parse the JSON"},
		"broken UTF-8":   {"POST", login, "{\"username\":\"ann\",\"password\":\"\xff\"}", nil, 400, "Cannot parse the JSON"},
		"too large":      {"POST", login, strings.Repeat(" ", 70000), nil, 413, "Request body is larger than 64 KiB"},
		"GET":            {"GET", login, "", nil, 405, "HTTP 405 Method Not Allowed"},
		"busy":           {"POST", login, good, iam.BusyError{RetryAfter: 2}, 503, "Too many logins are waiting"},
		"storage":        {"POST", login, good, iam.ErrUnavailable, 503, "Service temporarily unavailable"},
		"bad id":         {"POST", "/v1/vms/auth/refresh/x", `{"refreshToken":"r"}`, nil, 400, "The VideoManager id in the path is not a number"},
		"no token":       {"POST", "/v1/vms/auth/refresh/5", `{}`, oauth.Refuse(oauth.NoRefreshToken), 401, "No refresh token"},
		"expired":        {"POST", "/v1/vms/auth/refresh/5", `{"refreshToken":"r"}`, oauth.Refuse(oauth.RefreshExpired), 401, "Token is not active"},
	} {
		h.grants.outcome(grant.Result{}, c.err)
		resp, body := h.send(t, c.method, c.path, c.body, nil)
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s: %v in %s", name, err, body)
		}
		if resp.StatusCode != c.status || got["message"] != c.message || got["accessToken"] != nil {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
}

func TestLegacyRefresh(t *testing.T) {
	t.Parallel()
	h := start(t)
	answer := h.answer(t)
	h.grants.outcome(grant.Result{Answer: answer}, nil)
	body := fmt.Sprintf(`{"refreshToken":%q}`, answer.RefreshToken)
	for _, id := range []string{"5", "7"} {
		resp, got := h.send(t, http.MethodPost, "/v1/vms/auth/refresh/"+id, body, nil)
		var in struct {
			AccessToken, RefreshToken string
			VideoManagerList          []map[string]any
			ValidForVideoManager      json.Number
		}
		if err := json.Unmarshal([]byte(got), &in); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 200 || in.AccessToken == "" || in.RefreshToken == "" || len(in.VideoManagerList) != 2 || in.ValidForVideoManager.String() != id {
			t.Errorf("%s: %d %s", id, resp.StatusCode, got)
		}
		if f := h.grants.last().Form; f.Get("grant_type") != "refresh_token" || f.Get("refresh_token") != answer.RefreshToken {
			t.Errorf("asked %+v", f)
		}
	}
	asked := len(h.grants.asked)
	resp, got := h.send(t, http.MethodPost, "/v1/vms/auth/refresh/6", body, nil)
	if resp.StatusCode != 401 || !strings.Contains(got, `"message":"No access to VideoManager 6"`) || len(h.grants.asked) != asked {
		t.Errorf("foreign VideoManager: %d %s, %d grants", resp.StatusCode, got, len(h.grants.asked)-asked)
	}
	h.grants.outcome(grant.Result{}, oauth.Refuse(oauth.SessionNotActive))
	for _, id := range []string{"5", "6"} { // a dead token tells nothing about its user
		resp, got := h.send(t, http.MethodPost, "/v1/vms/auth/refresh/"+id, body, nil)
		if resp.StatusCode != 401 || !strings.Contains(got, `"message":"Session not active"`) {
			t.Errorf("dead token, %s: %d %s", id, resp.StatusCode, got)
		}
	}
}

func TestLegacyLoginOfAUserWithoutVideoManagers(t *testing.T) {
	t.Parallel()
	h := start(t)
	answer := h.answer(t)
	access, _, err := token.Access(token.Subject{
		Realm: h.realm, Client: h.realm.Clients[iam.AnonymousClient], User: &iam.User{ID: "nobody"}, At: now(),
		NewID: func() string { return "j" },
	}, now().Unix()+300)
	if err != nil {
		t.Fatal(err)
	}
	answer.AccessToken = access
	h.grants.outcome(grant.Result{Answer: answer}, nil)
	resp, body := h.send(t, http.MethodPost, login, `{"username":"ann","password":"pw"}`, nil)
	if resp.StatusCode != 200 || !strings.HasSuffix(body, `"videoManagerList":[],"validForVideoManager":0}`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}
