package wire

import (
	"net/http"
	"testing"
	"time"
)

// TestFault10_TheClockJumps moves the clock away and back again, as a wrong time
// service or an operator might, and asks what is left of it once the time is
// right: no token is good for longer than its life, nothing that was good
// before is lost to a jump shorter than the session's idle timeout, and nobody
// is locked out.
func TestFault10_TheClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{
		5 * time.Second, -5 * time.Second, time.Hour, -time.Hour, 30 * 24 * time.Hour, -30 * 24 * time.Hour,
	} {
		for _, realm := range []string{"platform", "rotating"} {
			t.Run(realm+" by "+jump.String(), func(t *testing.T) {
				t.Parallel()
				w := start(t, defaultRealm)
				before := w.login(t, realm, "anonymous", user, password)
				w.clock.Advance(jump)
				wrongTime := w.login(t, realm, "anonymous", user, password)
				w.clock.Advance(-jump)

				right := w.login(t, realm, "anonymous", user, password)
				if jump < time.Hour+1 {
					before.Refresh = w.refreshed(t, realm, before.Refresh).Refresh
				}
				if realm == "platform" && w.vms(t, right.Access) != http.StatusOK {
					t.Error("a token of the right time is refused")
				}
				w.clock.Advance(306 * time.Second) // beyond every access token's life and the skew
				for name, access := range map[string]string{"before the jump": before.Access, "during it": wrongTime.Access, "after it": right.Access} {
					if status := w.do(t, "GET", w.protocol(realm, "userinfo"), "", http.Header{"Authorization": {"Bearer " + access}}).status; status != http.StatusUnauthorized {
						t.Errorf("userinfo takes a token from %s after its life: %d", name, status)
					}
					if status := w.vms(t, access); status != http.StatusUnauthorized {
						t.Errorf("the API takes a token from %s after its life: %d", name, status)
					}
				}
				// What was issued by a clock that was ahead ends by that clock, at the
				// latest: the store cannot tell when it really was.
				w.clock.Advance(max(0, jump) + 2*time.Hour)
				for name, token := range map[string]string{"before the jump": before.Refresh, "during it": wrongTime.Refresh, "after it": right.Refresh} {
					if e := w.post(t, w.protocol(realm, "token"), refresh("anonymous", token), nil); e.status != http.StatusBadRequest {
						t.Errorf("a refresh token from %s works after two idle hours: %d %s", name, e.status, e.body)
					}
				}
			})
		}
	}
}

// TestFault10_AWindowNeverGetsLonger presents a rotated-out token while the clock
// stands before its first use: two callers of one moment still converge, but by
// more than a second back the window is shut, and opens no more than once.
func TestFault10_AWindowNeverGetsLonger(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first := w.login(t, "rotating", "anonymous", user, password)
	w.clock.Advance(time.Minute)
	second := w.refreshed(t, "rotating", first.Refresh)
	third := w.refreshed(t, "rotating", second.Refresh)
	w.clock.Advance(-30 * time.Second)
	// The grandparent's window is shut by the step back: it is reuse.
	if e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", first.Refresh), nil); e.status != http.StatusBadRequest {
		t.Errorf("a grandparent's window was opened by a clock that stepped back: %d %s", e.status, e.body)
	}
	if e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", third.Refresh), nil); e.status != http.StatusBadRequest {
		t.Errorf("the family survived that: %d %s", e.status, e.body)
	}
}
