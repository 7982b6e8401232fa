package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// operator gives orders: over the socket of a running server, or to a handler.
type operator struct {
	do func(*http.Request) (*http.Response, error)
}

func overSocket(t *testing.T, data string) operator {
	t.Helper()
	dial := app.AdminDialer(data)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	t.Cleanup(transport.CloseIdleConnections)
	return operator{(&http.Client{Transport: transport}).Do}
}

func inProcess(h http.Handler) operator {
	return operator{func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Result(), nil
	}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (o operator) send(t *testing.T, method, path string, body any) answer {
	t.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	default:
		var err error
		if content, err = json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://usher"+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if len(content) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := o.do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// order sends an order that must succeed, and reads the answer.
func order[T any](t *testing.T, o operator, method, path string, body any) T {
	t.Helper()
	a := o.send(t, method, path, body)
	var out T
	if a.status != http.StatusOK && a.status != http.StatusCreated {
		t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
	}
	return out
}

// refusal sends an order that must be refused with the status.
func refusal(t *testing.T, o operator, status int, method, path string, body any) api.Problem {
	t.Helper()
	a := o.send(t, method, path, body)
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
	}
	if a.status != status || p.Status != status || a.header.Get("Content-Type") != api.ProblemType || p.Message == "" || p.ErrorHint == "" {
		t.Errorf("%s %s: want %d, got %d %s %s", method, path, status, a.status, a.header.Get("Content-Type"), a.body)
	}
	return p
}

// at is a route of the realm of apptest.
func at(route string, values ...string) string {
	return api.AdminPath(route, append([]string{"platform"}, values...)...)
}

const goodPassword = "a password of an operator"

// tokensOf logs a user in; status is that of the answer.
func tokensOf(t *testing.T, u *apptest.Usher, user, password string) (status int, access, refresh string) {
	t.Helper()
	return askTokens(t, u, url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {user}, "password": {password}})
}

func askTokens(t *testing.T, u *apptest.Usher, form url.Values) (status int, access, refresh string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		u.URL+"/auth/realms/platform/protocol/openid-connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := do(t, r)
	var out struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return status, out.Access, out.Refresh
}

func refreshed(t *testing.T, u *apptest.Usher, token string) int {
	t.Helper()
	status, _, _ := askTokens(t, u, url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {token}})
	return status
}

// list asks the video API.
func list(t *testing.T, u *apptest.Usher, access string) (status, managers int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.URL+"/v1/vms", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+access)
	status, body := do(t, r)
	return status, strings.Count(body, `"uuid"`)
}
