package iam

import "testing"

func terms(change func(*Realm, *Client, *UserSession)) Terms {
	r := &Realm{Lifetimes: Lifetimes{AccessToken: 300, SessionIdle: 3600}}
	c := &Client{Attributes: map[string]string{}}
	s := &UserSession{StartedAt: testStart}
	if change != nil {
		change(r, c, s)
	}
	return TermsOf(r, c, s, testStart)
}

func TestExpiries(t *testing.T) {
	t.Parallel()
	const sec = testStart / 1000
	type change = func(*Realm, *Client, *UserSession)
	attr := func(name, value string) change {
		return func(_ *Realm, c *Client, _ *UserSession) { c.Attributes[name] = value }
	}
	for _, test := range []struct {
		name            string
		change          change
		at              int64 // ms after the start
		access, refresh int64 // s after the start
	}{
		{name: "the documented lifetimes", access: 300, refresh: 3600},
		{name: "both restart at a refresh", at: 1_000_000, access: 1300, refresh: 4600},
		{name: "parts of a second are cut", at: 999, access: 300, refresh: 3600},
		{name: "no maximum: for ever", at: 1e12, access: 1e9 + 300, refresh: 1e9 + 3600},
		{name: "a maximum far away", change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.SessionMax = 36000 }, access: 300, refresh: 3600},
		{
			name:   "the refresh token shrinks towards the maximum",
			change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.SessionMax = 36000 }, at: 35_000_000, access: 35300, refresh: 36000,
		},
		{
			name:   "the access token too",
			change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.SessionMax = 36000 }, at: 35_900_000, access: 36000, refresh: 36000,
		},
		{name: "access lifespan of the client", change: attr(attrAccess, "60"), access: 60, refresh: 3600},
		{name: "nonsense in an attribute is no setting", change: attr(attrAccess, "soon"), access: 300, refresh: 3600},
		{name: "zero too", change: attr(attrAccess, "0"), access: 300, refresh: 3600},
		{name: "-1 without a maximum: as long as the refresh token", change: attr(attrAccess, "-1"), access: 3600, refresh: 3600},
		{name: "-1 with a maximum: until then", change: func(r *Realm, c *Client, _ *UserSession) {
			r.Lifetimes.SessionMax = 3000
			c.Attributes[attrAccess] = "-1"
		}, access: 3000, refresh: 3000},
		{name: "-1 with a maximum far away: until the session is idle", change: func(r *Realm, c *Client, _ *UserSession) {
			r.Lifetimes.SessionMax = 36000
			c.Attributes[attrAccess] = "-1"
		}, access: 3600, refresh: 3600},
		{name: "an access token never outlives the idle session", change: func(r *Realm, _ *Client, _ *UserSession) {
			r.Lifetimes.AccessToken, r.Lifetimes.SessionIdle = 7200, 600
		}, at: 100_000, access: 700, refresh: 700},
		{name: "the client's own idle timeout does not end the user session", change: func(r *Realm, c *Client, _ *UserSession) {
			r.Lifetimes.AccessToken = 1200
			c.Attributes[attrClientIdle] = "600"
		}, access: 1200, refresh: 600},
		{name: "client idle", change: attr(attrClientIdle, "600"), access: 300, refresh: 600},
		{name: "client idle never beyond the session's", change: attr(attrClientIdle, "86400"), access: 300, refresh: 3600},
		{name: "realm's client idle", change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.ClientSessionIdle = 900 }, access: 300, refresh: 900},
		{name: "client max", change: attr(attrClientMax, "1200"), at: 1_000_000, access: 1200, refresh: 1200},
		{name: "realm's client max", change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.ClientSessionMax = 1200 }, access: 300, refresh: 1200},
		{name: "remember me takes the longer", change: func(r *Realm, _ *Client, s *UserSession) {
			r.Lifetimes.SessionIdleRememberMe, s.RememberMe = 7200, true
		}, access: 300, refresh: 7200},
		{name: "without it no", change: func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.SessionIdleRememberMe = 7200 }, access: 300, refresh: 3600},
		{name: "unusable settings: Keycloak's constants", change: func(r *Realm, _ *Client, _ *UserSession) {
			r.Lifetimes = Lifetimes{SessionIdle: -1, SessionMax: -1}
		}, access: 300, refresh: 1800},
		{name: "absurd settings do not overflow", change: func(r *Realm, c *Client, _ *UserSession) {
			c.Attributes[attrAccess] = "9223372036854775807"
			r.Lifetimes.SessionIdle = longest + 1
		}, access: longest, refresh: longest},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, now := terms(test.change), int64(testStart)+test.at
			if a, r := got.AccessExpiry(now)-sec, got.RefreshExpiry(now)-sec; a != test.access || r != test.refresh {
				t.Errorf("access %d refresh %d, want %d and %d", a, r, test.access, test.refresh)
			}
		})
	}
}

// A service account has no session that could be idle.
func TestSessionlessTokensHaveTheirWholeLife(t *testing.T) {
	t.Parallel()
	for lifespan, want := range map[string]int64{"7200": 7200, "60": 60} {
		got := terms(func(_ *Realm, c *Client, _ *UserSession) { c.Attributes[attrAccess] = lifespan })
		if a := got.Sessionless().AccessExpiry(testStart) - testStart/1000; a != want {
			t.Errorf("a lifespan of %s gives %d", lifespan, a)
		}
	}
}

// An access token is over when a check of its session says idle, also one from
// a refresh that did not move the row.
func TestAccessTokensDoNotOutliveTheSession(t *testing.T) {
	t.Parallel()
	got := terms(func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.AccessToken = 86400 })
	for at := int64(testStart); !got.Touch(testStart, at); at += 777 {
		if exp := got.AccessExpiry(at); got.Idle(testStart, exp*1000) {
			t.Fatalf("idle at %d, the exp of a token issued at %d", exp, at)
		}
	}
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	none := terms(nil)
	if none.SessionOver(1<<60) || none.ClientSessionOver(1<<60) {
		t.Error("a session without a maximum is over")
	}
	limited := terms(func(r *Realm, c *Client, _ *UserSession) {
		r.Lifetimes.SessionMax = 36000
		c.Attributes[attrClientMax] = "1200"
	})
	if limited.SessionOver(testStart+36_000_000) || !limited.SessionOver(testStart+36_000_001) {
		t.Error("the session's maximum")
	}
	if limited.ClientSessionOver(testStart+1_200_000) || !limited.ClientSessionOver(testStart+1_200_001) {
		t.Error("the client session's maximum")
	}
	if none.Idle(testStart, testStart+4_500_000) || !none.Idle(testStart, testStart+4_500_001) {
		t.Error("idle is 1¼ timeouts after the last refresh in the row")
	}
	if none.Touch(testStart, testStart+900_000) || !none.Touch(testStart, testStart+900_001) {
		t.Error("a refresh moves the row after a quarter of the timeout")
	}
}

// A row may not be swept while a refresh token made from it is good: not even
// one from a refresh that did not move the row.
func TestRowsOutliveTheirTokens(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Realm, *Client, *UserSession){
		nil,
		func(r *Realm, _ *Client, _ *UserSession) { r.Lifetimes.SessionMax = 4000 },
		func(_ *Realm, c *Client, _ *UserSession) { c.Attributes[attrClientIdle] = "60" },
	} {
		got := terms(change)
		for at := int64(testStart); !got.Touch(testStart, at); at += 777 {
			if exp := got.RefreshExpiry(at); got.DeadAt(testStart) < exp*1000+999 {
				t.Fatalf("swept at %d, but a token is good until %d", got.DeadAt(testStart), exp)
			}
		}
	}
}

func TestLongestAccess(t *testing.T) {
	t.Parallel()
	c := RealmConfig{Realm: Realm{Lifetimes: Lifetimes{AccessToken: 60, SessionIdle: 3600, SessionMax: 36000}}, Clients: map[string]*Client{
		"a": {}, "b": {Attributes: map[string]string{attrAccess: "900"}},
	}}
	if got := c.LongestAccess(); got != 901_000 {
		t.Errorf("longest access %d ms", got)
	}
	c.Clients["c"] = &Client{Attributes: map[string]string{attrAccess: "-1"}}
	if got := c.LongestAccess(); got != 36_001_000 {
		t.Errorf("longest access with one that lasts as the session: %d ms", got)
	}
}

func TestStaleChecksEachLevel(t *testing.T) {
	t.Parallel()
	if Stale(100, 0, 100, 50) || !Stale(100, 0, 101, 50) || !Stale(100, 101) || Stale(100) {
		t.Error("not-before")
	}
}
