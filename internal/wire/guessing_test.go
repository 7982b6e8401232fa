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

// A6 (RFC 6749 section 4.3.2): guesses are counted over both logins, all
// spellings of a name and all pretended addresses together: after ten the right
// password is refused in the same words, and a minute later it works.
func TestA6_GuessingIsBoundedOnEveryWay(t *testing.T) {
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

// J5 (ASVS 6.3.8): the answers to a wrong password, an unknown user, a user
// without password, a disabled one, a service account, and a name in its wait
// whether the password is right or not, have the same status, headers and bytes.
func TestJ5_FailuresSayNothing(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for i := range 10 {
		w.guess(t, user, fmt.Sprint("wrong ", i), nil)
	}
	var answers []string
	for _, c := range [][2]string{{"other", "wrong password"}, {"unknown", "wrong password"}, {"nobody", "wrong password"}, {"disabled", "wrong password"}, {"waiting", "wrong password"},
		{"service-account-confidential", "wrong password"}, {user, "wrong password"}, {user, password}} {
		e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "username", c[0], "password", c[1]), nil)
		for _, own := range []string{"Date", "X-Request-Id"} {
			e.header.Del(own)
		}
		answers = append(answers, fmt.Sprint(e.status, e.header, withoutID(t, e)))
	}
	for _, a := range answers[1:] {
		if a != answers[0] {
			t.Errorf("\n%s\n%s", answers[0], a)
		}
	}
}

// J18 (ASVS 4.1.3, 15.3.4): guesses at many names with another pretended address
// each are counted on the real one, whose allowance runs dry.
func TestJ18_SpoofedAddressesDoNotHelp(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	statuses := map[int]int{}
	for i := range 40 {
		statuses[w.guess(t, fmt.Sprint("name", i), "wrong", http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i)}})]++
	}
	if statuses[http.StatusUnauthorized] > 21 || statuses[http.StatusUnauthorized]+statuses[http.StatusTooManyRequests]+statuses[http.StatusServiceUnavailable] != 40 {
		t.Errorf("%v", statuses)
	}
}

// TestParallelGuessesAreBounded sends a thousand guesses at once: no more than
// ten reach a hash before the first wait.
func TestParallelGuessesAreBounded(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	var group sync.WaitGroup
	slots := make(chan struct{}, 200)
	for i := range volume(t, 1000) {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if got := w.guess(t, user, fmt.Sprint("wrong ", i), nil); got == http.StatusOK || got >= 500 && got != http.StatusServiceUnavailable {
				t.Errorf("%d", got)
			}
		})
	}
	group.Wait()
	if n := w.judged(t); n > 10 {
		t.Errorf("%v guesses were judged", n)
	}
}

// judged is how many guesses the server has found to be wrong by a hash.
func (w *world) judged(t *testing.T) float64 {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), "GET", w.Management+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(exchangeOf(t, w, q).body)) {
		if value, ok := strings.CutPrefix(line, `usher_login_attempts_total{outcome="wrong"} `); ok {
			var n float64
			if _, err := fmt.Sscan(value, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no metric counts wrong passwords")
	return 0
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

// TestAHundredUsersFromOneAddress log in at once, and all succeed.
func TestAHundredUsersFromOneAddress(t *testing.T) {
	t.Parallel()
	var users []string
	for i := range 100 {
		users = append(users, fmt.Sprintf(`{"username": "user%d", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}`, i))
	}
	w := start(t, `{"realm": "platform", "enabled": true, "clients": [{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true}], "users": [`+strings.Join(users, ",")+`]}`)
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			if got := w.guess(t, fmt.Sprint("user", i), password, nil); got != http.StatusOK {
				t.Errorf("%d", got)
			}
		})
	}
	group.Wait()
}
