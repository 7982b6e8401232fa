package wire

import (
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
)

// fuse panics once, at the n-th time a request asks for the time.
type fuse struct{ left atomic.Int64 }

func (f *fuse) trap() {
	// Only the request's own goroutine, and not the code that begins and ends a
	// request's record and turns a panic into an answer: nothing is around that.
	stack := string(debug.Stack())
	if !strings.Contains(stack, "net/http.(*conn).serve") ||
		strings.Contains(stack, "web.(*Kit).account") || strings.Contains(stack, "web.(*Kit).record") {
		return
	}
	if f.left.Add(-1) == 0 {
		panic("the test's fuse")
	}
}

// TestFault23_APanicAnywhereIsOneAnswerAndNothingElse lets each kind of request
// panic at every place where it asks for the time, one after another: the
// answer is one 500 with an error_id that the log knows, and the session, its
// token family and the process are as usable as before.
func TestFault23_APanicAnywhereIsOneAnswerAndNothingElse(t *testing.T) {
	t.Parallel()
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	for _, c := range []struct {
		name string
		ask  func(t *testing.T, w *world, realm string, held tokens) *exchange
	}{
		{"login", func(t *testing.T, w *world, realm string, _ tokens) *exchange {
			return w.post(t, w.protocol(realm, "token"), form("client_id", "anonymous", "grant_type", "password", "username", user, "password", password), nil)
		}},
		{"refresh", func(t *testing.T, w *world, realm string, held tokens) *exchange {
			return w.post(t, w.protocol(realm, "token"), refresh("anonymous", held.Refresh), nil)
		}},
		{"userinfo", func(t *testing.T, w *world, realm string, held tokens) *exchange {
			return w.do(t, "GET", w.protocol(realm, "userinfo"), "", bearer(held.Access))
		}},
		{"introspection", func(t *testing.T, w *world, _ string, _ tokens) *exchange {
			return w.post(t, w.protocol("platform", "token/introspect"), form("client_id", "backend", "client_secret", "another", "token", "x"), nil)
		}},
		{"revocation of nothing", func(t *testing.T, w *world, realm string, _ tokens) *exchange {
			return w.post(t, w.protocol(realm, "revoke"), form("client_id", "anonymous", "token", "x"), nil)
		}},
		{"the API", func(t *testing.T, w *world, _ string, held tokens) *exchange {
			return w.do(t, "GET", "/v1/vms", "", bearer(held.Access))
		}},
		{"discovery", func(t *testing.T, w *world, realm string, _ tokens) *exchange {
			return w.do(t, "GET", "/auth/realms/"+realm+"/.well-known/openid-configuration", "", nil)
		}},
		{"legacy login", func(t *testing.T, w *world, _ string, _ tokens) *exchange {
			return w.do(t, "POST", "/v1/vms/auth/login", `{"username":"user@example.org","password":"an example password"}`, http.Header{"Content-Type": {"application/json"}})
		}},
	} {
		for _, realm := range []string{"platform", "rotating"} {
			t.Run(c.name+" in "+realm, func(t *testing.T) {
				t.Parallel()
				w := start(t, defaultRealm)
				held := w.login(t, realm, "anonymous", user, password)
				var f fuse
				for n := int64(1); ; n++ {
					f.left.Store(n)
					w.clock.Trap(f.trap)
					e := c.ask(t, w, realm, held)
					w.clock.Trap(nil)
					if f.left.Load() > 0 { // it never got as far
						if e.status >= http.StatusInternalServerError {
							t.Fatalf("without a panic: %d %s", e.status, e.body)
						}
						return
					}
					judgePanic(t, w, e, n)
					held = w.refreshed(t, realm, held.Refresh)
				}
			})
		}
	}
}

func judgePanic(t *testing.T, w *world, e *exchange, n int64) {
	t.Helper()
	if e.status != http.StatusInternalServerError {
		t.Fatalf("place %d: %d %s", n, e.status, e.body)
	}
	if strings.Contains(string(e.body), "fuse") {
		t.Errorf("place %d: the answer tells what panicked: %s", n, e.body)
	}
	if strings.HasPrefix(e.header.Get("Content-Type"), "text/html") {
		return // the API's page for people: its error_id is text
	}
	var answer struct {
		ID string `json:"error_id"`
	}
	if err := json.Unmarshal(e.body, &answer); err != nil {
		t.Fatalf("place %d: %v in %q", n, err, e.body)
	}
	if answer.ID == "" || !strings.Contains(w.Log(), answer.ID) {
		t.Errorf("place %d: the log does not know error_id %q", n, answer.ID)
	}
}
