package wire

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// guess tries one password for one spelling of a name.
func (w *world) guess(t *testing.T, name, password string, header http.Header) int {
	t.Helper()
	return w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", name, "password", password), header).status
}

// TestGuessingIsBounded tries many passwords, in many spellings, over both
// logins, from many pretended addresses: after ten the right one is refused,
// in the same words, and a minute later it works.
func TestGuessingIsBounded(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	spellings := []string{user, "USER@example.org", "User@Example.Org", " user@example.org", "user@example.org "}
	for i := range 10 {
		header := http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i)}, "Forwarded": {fmt.Sprintf("for=203.0.113.%d", i)}}
		wrong := fmt.Sprint("wrong ", i)
		if i%3 == 2 {
			e := w.do(t, "POST", "/v1/vms/auth/login", fmt.Sprintf(`{"username":%q,"password":%q}`, spellings[i%len(spellings)], wrong), header)
			if e.status != http.StatusUnauthorized || memberOf(t, e.body, "message") == "" {
				t.Fatalf("legacy: %d %s", e.status, e.body)
			}
			continue
		}
		if got := w.guess(t, spellings[i%len(spellings)], wrong, header); got != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, got)
		}
	}
	wrong := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", user, "password", "wrong again"), nil)
	right := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", user, "password", password), nil)
	if right.status != http.StatusUnauthorized {
		t.Fatalf("the right password during the wait: %d %s", right.status, right.body)
	}
	if a, b := withoutID(t, wrong), withoutID(t, right); a != b {
		t.Fatalf("a locked name answers differently:\n%s\n%s", a, b)
	}
	w.clock.Advance(61 * time.Second)
	if got := w.guess(t, user, password, nil); got != http.StatusOK {
		t.Fatalf("after the wait: %d", got)
	}
}

// TestFailuresSayNothing holds the answers to a wrong password, an unknown
// user, a user without password and a name in its wait: the same bytes.
func TestFailuresSayNothing(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	var bodies []string
	for _, name := range []string{user, "unknown", "nobody", "disabled", "waiting", "service-account-confidential"} {
		e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", name, "password", "wrong"), nil)
		bodies = append(bodies, fmt.Sprint(e.status, withoutID(t, e)))
	}
	for _, b := range bodies[1:] {
		if b != bodies[0] {
			t.Errorf("%s\n%s", bodies[0], b)
		}
	}
}

func withoutID(t *testing.T, e *exchange) string {
	t.Helper()
	return strings.ReplaceAll(string(e.body), memberOf(t, e.body, "error_id"), "ID")
}

// TestRightPasswordsAreNeverLockedOut logs one user in a hundred times at once.
func TestRightPasswordsAreNeverLockedOut(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if got := w.guess(t, user, password, nil); got != http.StatusOK {
				t.Errorf("%d", got)
			}
		})
	}
	group.Wait()
}
