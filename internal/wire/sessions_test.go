package wire

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestASessionLivesAsLongAsItIsRefreshed refreshes for a week of the clock.
func TestASessionLivesAsLongAsItIsRefreshed(t *testing.T) {
	t.Parallel()
	for _, realm := range []string{"platform", "rotating"} {
		t.Run(realm, func(t *testing.T) {
			t.Parallel()
			w := start(t, strings.ReplaceAll(defaultRealm, `"ssoSessionMaxLifespan": 360000`, `"ssoSessionMaxLifespan": 3600000`))
			got := w.login(t, realm, "anonymous", user, password)
			session := got.SessionState
			for range volume(t, 200) {
				w.clock.Advance(50 * time.Minute)
				if w.vms(t, got.Access) != http.StatusUnauthorized {
					t.Fatal("the old access token still works")
				}
				got = w.refreshed(t, realm, got.Refresh)
				if got.SessionState != session {
					t.Fatalf("the session became %s", got.SessionState)
				}
			}
		})
	}
}

// TestTheFirstRefreshTokenIsReusable is what the API's official client does: it
// keeps its first refresh token until that expires.
func TestTheFirstRefreshTokenIsReusable(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first := w.login(t, "platform", "anonymous", user, password)
	for range 11 {
		w.clock.Advance(5 * time.Minute)
		if got := w.refreshed(t, "platform", first.Refresh); w.vms(t, got.Access) == http.StatusUnauthorized {
			t.Fatal("the refreshed access token is refused")
		}
	}
	w.clock.Advance(6 * time.Minute)
	if e := w.post(t, tokenPath, refresh("anonymous", first.Refresh), nil); e.status != http.StatusBadRequest {
		t.Fatalf("expired: %d %s", e.status, e.body)
	}
}

// RT1 (rotation): a thousand parallel presentations of one token make one
// rotation and one distinct token; the rest is told to slow down, and nobody is
// logged out.
func TestRT1_OneRotationOfParallelPresentations(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first := w.login(t, "rotating", "anonymous", user, password)
	path := w.protocol("rotating", "token")
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		distinct = map[string]bool{}
		statuses = map[int]int{}
		slots    = make(chan struct{}, 100)
	)
	for range volume(t, 1000) {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			e := w.post(t, path, refresh("anonymous", first.Refresh), nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[e.status]++
			switch e.status {
			case http.StatusOK:
				distinct[memberOf(t, e.body, "refresh_token")] = true
			case http.StatusTooManyRequests:
			default:
				t.Errorf("%d %s", e.status, e.body)
			}
		})
	}
	group.Wait()
	if len(distinct) != 1 || statuses[200] < 2 {
		t.Fatalf("%d distinct tokens; %v", len(distinct), statuses)
	}
	for token := range distinct {
		w.refreshed(t, "rotating", token)
	}
}

// TestReuseEndsTheFamilyOnly shows that a stolen and replayed token ends its
// family with its access tokens, and no other session of the user.
func TestReuseEndsTheFamilyOnly(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	stolen := w.login(t, "rotating", "anonymous", user, password)
	other := w.login(t, "rotating", "anonymous", user, password)
	second := w.refreshed(t, "rotating", stolen.Refresh)
	third := w.refreshed(t, "rotating", second.Refresh)
	w.clock.Advance(time.Minute)
	path := w.protocol("rotating", "token")
	e := w.post(t, path, refresh("anonymous", stolen.Refresh), nil)
	if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_grant" {
		t.Fatalf("reuse: %d %s", e.status, e.body)
	}
	if e := w.post(t, path, refresh("anonymous", third.Refresh), nil); e.status != http.StatusBadRequest {
		t.Fatalf("the newest token of a dead family: %d %s", e.status, e.body)
	}
	if got := w.vms(t, third.Access); got != http.StatusUnauthorized {
		t.Fatalf("the dead family's access token: %d", got)
	}
	w.refreshed(t, "rotating", other.Refresh)
}

// RT3 (rotation): whoever slept between a lost answer and the retry, for no time
// at all or for half an hour, is still logged in.
func TestRT3_ALostAnswerLogsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, sleep := range []time.Duration{0, 5 * time.Second, 9900 * time.Millisecond, 10100 * time.Millisecond, time.Minute, 1700 * time.Second} {
		t.Run(fmt.Sprint(sleep), func(t *testing.T) {
			t.Parallel()
			w := start(t, defaultRealm)
			first := w.login(t, "rotating", "anonymous", user, password)
			w.refreshed(t, "rotating", first.Refresh) // this answer is lost
			w.clock.Advance(sleep)
			again := w.refreshed(t, "rotating", first.Refresh)
			if next := w.refreshed(t, "rotating", again.Refresh); next.SessionState != first.SessionState {
				t.Errorf("another session: %s", next.SessionState)
			}
		})
	}
}

// TestAnEndedSessionIsRefusedAtOnce ends a session in every way a client can.
func TestAnEndedSessionIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, realm := range []string{"platform", "rotating"} {
		for name, end := range map[string]func(tokens) *exchange{
			"logout": func(g tokens) *exchange {
				return w.post(t, w.protocol(realm, "logout"), form("client_id", "anonymous", "refresh_token", g.Refresh), nil)
			},
			"revoke the refresh token": func(g tokens) *exchange {
				return w.post(t, w.protocol(realm, "revoke"), form("client_id", "anonymous", "token", g.Refresh, "token_type_hint", "access_token"), nil)
			},
			"revoke the access token": func(g tokens) *exchange {
				return w.post(t, w.protocol(realm, "revoke"), form("client_id", "anonymous", "token", g.Access), nil)
			},
		} {
			t.Run(realm+" "+name, func(t *testing.T) {
				got := w.login(t, realm, "anonymous", user, password)
				if s := w.vms(t, got.Access); s != http.StatusOK {
					t.Fatalf("before: %d", s)
				}
				if e := end(got); e.status/100 != 2 || len(e.body) != 0 {
					t.Fatalf("%d %s", e.status, e.body)
				}
				if s := w.vms(t, got.Access); s != http.StatusUnauthorized {
					t.Fatalf("after: %d", s)
				}
				if e := w.do(t, "GET", w.protocol(realm, "userinfo"), "", http.Header{"Authorization": {"Bearer " + got.Access}}); e.status != http.StatusUnauthorized {
					t.Fatalf("userinfo: %d %s", e.status, e.body)
				}
				if e := end(got); e.status/100 != 2 {
					t.Fatalf("again: %d %s", e.status, e.body)
				}
				if e := w.post(t, w.protocol(realm, "token"), refresh("anonymous", got.Refresh), nil); name != "revoke the access token" &&
					(e.status != http.StatusBadRequest || memberOf(t, e.body, "error_description") != "Session not active") {
					t.Fatalf("refresh: %d %s", e.status, e.body)
				}
			})
		}
	}
}
