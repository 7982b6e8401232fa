package wire

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// L1 (NIST SP 800-63B-4 section 2.1.3): the maximum that a realm states ends its
// sessions; the built-in realm has none, and a session that is refreshed lives
// beyond thirty days.
func TestL1_TheMaximumIsTheRealms(t *testing.T) {
	t.Parallel()
	for settings, ends := range map[string]bool{`"ssoSessionMaxLifespan": 86400`: true, `"attributes": {"usher.session.max.none": "true"}`: false} {
		w := start(t, realmWith("platform", `"ssoSessionIdleTimeout": 43200, "defaultSignatureAlgorithm": "ES256", `+settings))
		got := w.login(t, "platform", "anonymous", user, password)
		ended := false
		for range 31 * 2 {
			w.clock.Advance(12 * time.Hour)
			e := w.post(t, tokenPath, refresh("anonymous", got.Refresh), nil)
			if ended = e.status != http.StatusOK; ended {
				break
			}
			got.Refresh = memberOf(t, e.body, "refresh_token")
		}
		if ended != ends {
			t.Errorf("%s: ended %v", settings, ended)
		}
	}
}

// L4 (NIST SP 800-63B-4 section 5.1): a session's secret is made in answer to a
// login, carries a MAC of 512 bits, and is another one each time.
func TestL4_ALoginMakesTheSessionsSecret(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	seen := map[string]bool{}
	for range 10 {
		got := w.login(t, "rotating", "anonymous", user, password)
		claims := claimsOf(t, got.Refresh)
		if algOf(t, got.Refresh) != "HS512" || seen[got.Refresh] || seen[fmt.Sprint(claims["jti"])] {
			t.Errorf("%s %v", algOf(t, got.Refresh), claims)
		}
		seen[got.Refresh], seen[fmt.Sprint(claims["jti"])] = true, true
	}
}

// L5 (NIST SP 800-63B-4 section 5.1): the limits hold although the secret is
// presented: a refresh token whose session is idle or at its maximum is
// refused.
func TestL5_LimitsHoldForWhoHasTheSecret(t *testing.T) {
	t.Parallel()
	for _, rotating := range []string{"true", "false"} {
		w := start(t, realmWith("platform", `"ssoSessionIdleTimeout": 600, "ssoSessionMaxLifespan": 900, "revokeRefreshToken": `+rotating))
		idle := w.login(t, "platform", "anonymous", user, password)
		used := w.login(t, "platform", "anonymous", user, password)
		w.clock.Advance(600 * time.Second)
		used = w.refreshed(t, "platform", used.Refresh)
		w.clock.Advance(time.Second)
		w.refusesRefresh(t, "platform", idle.Refresh, "Token is not active")
		w.clock.Advance(300 * time.Second)
		e := w.post(t, tokenPath, refresh("anonymous", used.Refresh), nil)
		if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_grant" {
			t.Errorf("rotating %s, past the maximum: %d %s", rotating, e.status, e.body)
		}
	}
}

// L7 (NIST SP 800-63B-4 section 5.2): either limit ends the session; use moves
// the idle one only, and a new login begins both anew.
func TestL7_UseMovesTheIdleLimitOnly(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"ssoSessionIdleTimeout": 600, "ssoSessionMaxLifespan": 1500`))
	got := w.login(t, "platform", "anonymous", user, password)
	for range 2 {
		w.clock.Advance(599 * time.Second)
		got = w.refreshed(t, "platform", got.Refresh)
	}
	w.clock.Advance(303 * time.Second) // 1,501 s since the login, 303 s since the last use
	w.refusesRefresh(t, "platform", got.Refresh, "Token is not active")
	again := w.login(t, "platform", "anonymous", user, password)
	w.clock.Advance(599 * time.Second)
	if next := w.refreshed(t, "platform", again.Refresh); next.SessionState == got.SessionState {
		t.Error("the new login goes on with the old session")
	}
}

// N5 (NIST SP 800-63B-4 section 3.2.2): a good login clears the count of
// failures.
func TestN5_AGoodLoginClearsTheCount(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for round := range 3 {
		for i := range 9 {
			if got := w.guess(t, user, fmt.Sprint("wrong ", round, i), nil); got != http.StatusUnauthorized {
				t.Fatalf("round %d, guess %d: %d", round, i, got)
			}
		}
		w.clock.Advance(time.Minute) // for the address; the count has no such forgetting
		if got := w.guess(t, user, password, nil); got != http.StatusOK {
			t.Fatalf("round %d: the right password: %d", round, got)
		}
	}
}
