package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hashes is how many passwords the server has hashed.
func (w *world) hashes(t *testing.T) (n int) {
	t.Helper()
	for line := range strings.Lines(string(w.ask(t, w.Management+"/metrics").body)) {
		if !strings.HasPrefix(line, "usher_hash_duration_seconds_count{") {
			continue
		}
		var one int
		if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &one); err != nil {
			t.Fatal(err)
		}
		n += one
	}
	return n
}

// measured starts an Usher and lets it take the time of its hashes, which is
// three of them, a second after the start.
func measured(t *testing.T) *world {
	t.Helper()
	w := start(t, defaultRealm)
	w.clock.Advance(2 * time.Second)
	for w.hashes(t) < 3 {
		if t.Context().Err() != nil {
			t.Fatal("the hashes were not measured")
		}
	}
	return w
}

// J5 (ASVS 6.3.8): over both logins every failing path costs exactly one hash,
// and a name in its wait, known or not, costs none.
func TestJ5_HashesOfEachFailingPath(t *testing.T) {
	t.Parallel()
	w := measured(t)
	for i, c := range [][2]string{{user, "x"}, {user, ""}, {user, strings.Repeat("x", 1025)}, {"unknown", "x"}, {"unknown", ""}, {"disabled", "x"}, {"disabled", password}, {"waiting", "x"},
		{"waiting", password}, {"nobody", "x"}, {"service-account-confidential", clientSecret}, {"other", "x"}} {
		before := w.hashes(t)
		if i%2 == 0 {
			w.guess(t, c[0], c[1], nil)
		} else {
			w.do(t, "POST", "/v1/vms/auth/login", fmt.Sprintf(`{"username":%q,"password":%q}`, c[0], c[1]), nil)
		}
		if got := w.hashes(t) - before; got != 1 {
			t.Errorf("%s with %.5q: %d hashes", c[0], c[1], got)
		}
	}
	w = measured(t)
	for _, name := range []string{user, "unknown"} {
		for i := range 10 {
			w.guess(t, name, fmt.Sprint("wrong ", i), nil)
		}
		before := w.hashes(t)
		for _, guess := range []string{password, "wrong", ""} {
			w.guess(t, name, guess, nil)
		}
		if got := w.hashes(t) - before; got != 0 {
			t.Errorf("%s in its wait: %d hashes", name, got)
		}
	}
	before := w.hashes(t)
	w.post(t, tokenPath, form("client_id", "nobody", "grant_type", "password", "username", user, "password", "x"), nil)
	if got := w.hashes(t) - before; got != 0 {
		t.Errorf("an unknown client: %d hashes", got)
	}
}
