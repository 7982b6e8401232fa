package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// quickRotating is a realm that rotates and signs quickly.
var quickRotating = realmWith("rotating", `"sslRequired": "none", "revokeRefreshToken": true, "defaultSignatureAlgorithm": "ES256"`)

// RT2 (rotation): whoever lost the answer to a refresh at whatever byte of it is
// still logged in: the next refresh with the old token succeeds.
func TestRT2_AnAnswerCutAnywhereLogsNobodyOut(t *testing.T) {
	t.Parallel()
	w := start(t, quickRotating)
	got := w.login(t, "rotating", "anonymous", user, password)
	whole := len(w.cut(t, "rotating", got.Refresh, 1<<20))
	got = w.refreshed(t, "rotating", got.Refresh)
	runs := volume(t, 1000)
	for i := range runs {
		at := i % whole
		if runs < whole {
			at = i * whole / runs
		}
		if n := len(w.cut(t, "rotating", got.Refresh, at)); n > at {
			t.Fatalf("%d bytes arrived of %d", n, at)
		}
		got = w.refreshed(t, "rotating", got.Refresh)
	}
	if kinds := w.events(t, "REFRESH_TOKEN_REUSED"); len(kinds) != 0 {
		t.Errorf("alarms %v", kinds)
	}
}

// cut refreshes over a connection of its own and reads n bytes of the answer,
// waits until the server has sent the rest or nothing, and hangs up.
func (w *world) cut(t *testing.T, realm, token string, n int) []byte {
	t.Helper()
	u, err := url.Parse(w.base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body := refresh("anonymous", token)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		w.protocol(realm, "token"), u.Host, len(body), body)
	r := bufio.NewReader(c)
	if _, err := r.Peek(1); err != nil { // the answer is on its way: its fact is committed
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RT5 (rotation): two rotations in one second are told apart: the second token's
// successor is good, and both tokens are as used as any.
func TestRT5_TwoRotationsInOneSecond(t *testing.T) {
	t.Parallel()
	w := start(t, quickRotating) // on a clock that stands still
	first := w.login(t, "rotating", "anonymous", user, password)
	second := w.refreshed(t, "rotating", first.Refresh)
	third := w.refreshed(t, "rotating", second.Refresh)
	if first.Refresh == second.Refresh || second.Refresh == third.Refresh {
		t.Fatal("one token for two generations")
	}
	for _, old := range []tokens{first, second} {
		if again := w.refreshed(t, "rotating", old.Refresh); again.Refresh != third.Refresh {
			t.Error("a used token does not converge on the newest")
		}
	}
	w.refreshed(t, "rotating", third.Refresh)
	w.clock.Advance(11 * time.Second)
	w.refusesRefresh(t, "rotating", first.Refresh, "Stale token")
}

// RT6 (rotation): a restart between a rotation and the replay of the old token
// opens nothing again: the replay ends the family as it would have before.
func TestRT6_ARestartReopensNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	quick := func(c *app.Config) { c.APIRateLimit, c.PublicURL = 0, "http://login.example.org" }
	w := served(t, startWith(t, apptest.Options{Realm: quickRotating, Dir: dir, Clock: apptest.NewStillClock(), Config: quick}))
	first := w.login(t, "rotating", "anonymous", user, password)
	newest := w.refreshed(t, "rotating", w.refreshed(t, "rotating", first.Refresh).Refresh)
	bystander := w.login(t, "rotating", "anonymous", user, password)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	clock := apptest.NewStillClock()
	clock.Advance(time.Minute)
	w = served(t, startWith(t, apptest.Options{Realm: quickRotating, Dir: dir, Clock: clock, Config: quick}))
	w.refusesRefresh(t, "rotating", first.Refresh, "Stale token")
	w.refusesRefresh(t, "rotating", newest.Refresh, "Session doesn't have required client")
	if s := w.vms(t, newest.Access); s != http.StatusUnauthorized {
		t.Errorf("the dead family's access token: %d", s)
	}
	w.refreshed(t, "rotating", bystander.Refresh)
}

// served lets w answer where it can be asked while its public URL is another.
func served(t *testing.T, w *world) *world {
	t.Helper()
	s := httptest.NewServer(w.Public)
	t.Cleanup(s.Close)
	w.base = s.URL
	return w
}

// RT8 (rotation): replaying the token of a session that was logged out touches
// no other session.
func TestRT8_ALoggedOutTokenTouchesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, quickRotating)
	ended, other := w.login(t, "rotating", "anonymous", user, password), w.login(t, "rotating", "anonymous", user, password)
	out := form("client_id", "anonymous", "refresh_token", ended.Refresh)
	for range 3 {
		if e := w.post(t, w.protocol("rotating", "logout"), out, nil); e.status != http.StatusNoContent {
			t.Errorf("logout: %d %s", e.status, e.body)
		}
		w.refusesRefresh(t, "rotating", ended.Refresh, "Session not active")
		w.revoke(t, "rotating", ended.Refresh)
		if s := w.vms(t, other.Access); s != http.StatusOK {
			t.Errorf("the other session: %d", s)
		}
		other = w.refreshed(t, "rotating", other.Refresh)
	}
}

// RT9 (rotation): the grandparent of the newest token converges on it within the
// window, and ends the family outside.
func TestRT9_TheGrandparentInAndOutOfItsWindow(t *testing.T) {
	t.Parallel()
	for wait, converges := range map[time.Duration]bool{10 * time.Second: true, 10001 * time.Millisecond: false} {
		w := start(t, quickRotating)
		first := w.login(t, "rotating", "anonymous", user, password)
		third := w.refreshed(t, "rotating", w.refreshed(t, "rotating", first.Refresh).Refresh)
		w.clock.Advance(wait)
		e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", first.Refresh), nil)
		if (e.status == http.StatusOK) != converges || converges && memberOf(t, e.body, "refresh_token") != third.Refresh {
			t.Errorf("after %v: %d %s", wait, e.status, e.body)
		}
		if s := w.vms(t, third.Access); (s == http.StatusOK) != converges {
			t.Errorf("after %v the newest access token: %d", wait, s)
		}
	}
}

// RT10 (rotation): using a rotated-out token again and again within its window
// does not move the window.
func TestRT10_TheWindowDoesNotMove(t *testing.T) {
	t.Parallel()
	w := start(t, quickRotating)
	first := w.login(t, "rotating", "anonymous", user, password)
	w.refreshed(t, "rotating", w.refreshed(t, "rotating", first.Refresh).Refresh)
	for range 10 {
		w.clock.Advance(time.Second)
		w.refreshed(t, "rotating", first.Refresh)
	}
	w.clock.Advance(time.Millisecond)
	w.refusesRefresh(t, "rotating", first.Refresh, "Stale token")
	if ev := w.events(t, "REFRESH_TOKEN_REUSED"); len(ev) != 1 || !strings.Contains(ev[0].details, "ancestor") {
		t.Errorf("%+v", ev)
	}
}

// RT11 (rotation): an access token from before a refresh is good until its own
// end.
func TestRT11_TheOldAccessTokenLivesItsLife(t *testing.T) {
	t.Parallel()
	for _, realm := range []string{"platform", "rotating"} {
		w := start(t, defaultRealm)
		got := w.login(t, realm, "anonymous", user, password)
		w.clock.Advance(200 * time.Second)
		w.refreshed(t, realm, got.Refresh)
		w.clock.Advance(100 * time.Second)
		if api, info := w.vms(t, got.Access), w.userinfo(t, realm, got.Access); api != 200 || info != 200 {
			t.Errorf("%s, its last second: %d, %d", realm, api, info)
		}
		w.clock.Advance(time.Second)
		if s := w.vms(t, got.Access); s != http.StatusUnauthorized {
			t.Errorf("%s, past its end: %d", realm, s)
		}
	}
}

// C6 (RFC 7009): revocations and refreshes of one family are in one order: once
// a revocation is acknowledged, no refresh succeeds that began after it.
func TestC6_NoRefreshAfterAnAcknowledgedRevocation(t *testing.T) {
	t.Parallel()
	w := start(t, quickRotating)
	for range volume(t, 60) {
		got := w.login(t, "rotating", "anonymous", user, password)
		held := make(chan string, 20)
		held <- got.Refresh
		var group sync.WaitGroup
		group.Go(func() {
			token := got.Refresh
			for range 10 {
				e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", token), nil)
				if e.status != http.StatusOK {
					return
				}
				token = memberOf(t, e.body, "refresh_token")
				held <- token
			}
		})
		group.Go(func() {
			if e := w.revoke(t, "rotating", got.Refresh); e.status != http.StatusOK {
				t.Errorf("revoke: %d %s", e.status, e.body)
			}
		})
		group.Wait()
		close(held)
		for token := range held {
			if e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", token), nil); e.status != http.StatusBadRequest {
				t.Fatalf("after the revocation: %d %s", e.status, e.body)
			}
		}
	}
}
