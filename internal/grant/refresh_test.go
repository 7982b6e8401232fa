package grant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// forge makes an authentic refresh token that says what change wants.
func (r *rig) forge(of *grant.Answer, client string, change func(*token.RefreshSubject)) string {
	r.t.Helper()
	c := r.claims(of.RefreshToken)
	s := token.RefreshSubject{
		Realm: r.realm, ClientID: client, JTI: c.ID, UserID: c.Subject, SessionID: c.SessionID,
		FamilyID: c.Family, Gen: c.Gen, Scope: c.Scope, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
	change(&s)
	raw, err := token.Refresh(s)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// The rows of Keycloak's table, in its order.
func TestRefreshRefusals(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	ctx := context.Background()
	const client = "anonymous"
	plain := func(change func(*rig)) func(*rig, *grant.Answer) grant.Request {
		return func(r *rig, a *grant.Answer) grant.Request {
			change(r)
			return refreshForm(client, a.RefreshToken)
		}
	}
	configured := func(change func(*iam.RealmConfig)) func(*rig, *grant.Answer) grant.Request {
		return plain(func(r *rig) { r.realm = r.newRealm(change) })
	}
	forged := func(change func(*token.RefreshSubject)) func(*rig, *grant.Answer) grant.Request {
		return func(r *rig, a *grant.Answer) grant.Request { return refreshForm(client, r.forge(a, client, change)) }
	}
	for _, test := range []struct {
		name  string
		do    func(*rig, *grant.Answer) grant.Request
		want  oauth.Fault
		hint  string
		event string // error of the REFRESH_TOKEN_ERROR; "": none
	}{
		{name: "1 missing", do: func(*rig, *grant.Answer) grant.Request { return refreshForm(client, "") }, want: oauth.NoRefreshToken},
		{name: "2 unknown scope", do: func(_ *rig, a *grant.Answer) grant.Request {
			return withPairs(refreshForm(client, "garbage"), "scope", "nonsense")
		}, want: oauth.InvalidScope},
		{name: "3 garbage", do: func(*rig, *grant.Answer) grant.Request { return refreshForm(client, "garbage") }, want: oauth.RefreshInvalid, hint: "three parts"},
		{name: "3 an access token", do: func(_ *rig, a *grant.Answer) grant.Request { return refreshForm(client, a.AccessToken) }, want: oauth.RefreshInvalid, hint: "another kind"},
		{name: "3 an ID token", do: func(_ *rig, a *grant.Answer) grant.Request { return refreshForm(client, a.IDToken) }, want: oauth.RefreshInvalid, hint: "another kind"},
		{name: "3 a spoilt signature", do: func(_ *rig, a *grant.Answer) grant.Request {
			return refreshForm(client, a.RefreshToken[:len(a.RefreshToken)-4]+"AAAA")
		}, want: oauth.RefreshInvalid},
		{name: "3 an offline token", do: forged(func(s *token.RefreshSubject) { s.Kind = token.KindOffline }), want: oauth.RefreshInvalid},
		{name: "4 another issuer", do: func(r *rig, a *grant.Answer) grant.Request {
			return refreshForm(client, r.forge(a, client, func(s *token.RefreshSubject) {
				s.Realm = r.newRealmAt("https://login.test/realms/platform", nil)
				s.ExpiresAt = start - 1
			}))
		}, want: oauth.RefreshWrongIssuer},
		{name: "5 realm not-before", do: func(r *rig, a *grant.Answer) grant.Request {
			raw := r.forge(a, client, func(s *token.RefreshSubject) { s.ExpiresAt = start - 1 })
			r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.NotBefore = start + 1 })
			return refreshForm(client, raw)
		}, want: oauth.RefreshStale, hint: "not-before of the realm", event: "invalid_token"},
		{name: "6 expired", do: func(r *rig, a *grant.Answer) grant.Request {
			r.clock.wait(3601 * time.Second)
			return refreshForm("rotating", a.RefreshToken) // of another client, too
		}, want: oauth.RefreshExpired, hint: "ssoSessionIdleTimeout", event: "expired_token"},
		{name: "7 another client", do: func(r *rig, a *grant.Answer) grant.Request {
			_, err := r.db.EndSession(ctx, r.realm.Realm.ID, a.SessionState, 1, 1, nil)
			if err != nil {
				r.t.Fatal(err)
			}
			return refreshForm("rotating", a.RefreshToken)
		}, want: oauth.RefreshWrongClient, event: "invalid_token"},
		{name: "9 logged out", do: func(r *rig, a *grant.Answer) grant.Request {
			if _, err := r.svc.Logout(ctx, r.realm, request("client_id", client, "refresh_token", a.RefreshToken)); err != nil {
				r.t.Fatal(err)
			}
			return refreshForm(client, a.RefreshToken)
		}, want: oauth.SessionNotActive, event: "user_session_not_found"},
		{name: "9 no such family", do: forged(func(s *token.RefreshSubject) { s.FamilyID = "none" }), want: oauth.SessionNotActive, event: "user_session_not_found"},
		{name: "9 another session", do: forged(func(s *token.RefreshSubject) { s.SessionID = "none" }), want: oauth.SessionNotActive, event: "user_session_not_found"},
		{name: "9 the session's maximum, set since", do: plain(func(r *rig) {
			r.clock.wait(1000 * time.Second)
			r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.Lifetimes.SessionMax = 999 })
		}), want: oauth.SessionNotActive, hint: "ssoSessionMaxLifespan", event: "user_session_not_found"},
		{name: "11 user disabled", do: plain(func(r *rig) {
			r.disableUser()
		}), want: oauth.UserDisabled, event: "user_disabled"},
		{name: "12 older than the session", do: forged(func(s *token.RefreshSubject) { s.IssuedAt = start - 2 }), want: oauth.RefreshOlderThanSession, event: "invalid_token"},
		{name: "13 client session gone", do: func(r *rig, a *grant.Answer) grant.Request {
			if _, err := r.db.EndClientSession(ctx, r.realm.Realm.ID, a.SessionState, r.id(client), 1, 1, nil); err != nil {
				r.t.Fatal(err)
			}
			return refreshForm(client, a.RefreshToken)
		}, want: oauth.SessionNotActive, event: "user_session_not_found"}, // it was the last
		{name: "13 the client was made anew", do: configured(func(c *iam.RealmConfig) { c.Clients[client].ID = "another id" }), want: oauth.ClientSessionMissing, event: "user_session_not_found"},
		{name: "14 the client session's maximum", do: plain(func(r *rig) {
			r.clock.wait(1000 * time.Second)
			r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.Lifetimes.ClientSessionMax = 999 })
		}), want: oauth.ClientSessionNotActive, event: "session_expired"},
		{name: "16 client not-before", do: configured(func(c *iam.RealmConfig) { c.Clients[client].NotBefore = start + 1 }), want: oauth.RefreshStale, hint: "client or user", event: "invalid_token"},
		{name: "18 consent is needed now", do: configured(func(c *iam.RealmConfig) { c.Clients[client].ConsentRequired = true }), want: oauth.ConsentWithdrawn, event: "not_allowed"},
		{name: "broader scope", do: func(_ *rig, a *grant.Answer) grant.Request {
			return withPairs(refreshForm(client, a.RefreshToken), "scope", "openid address")
		}, want: oauth.InvalidScope, hint: "no more than", event: "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := shared.again(t)
			a := r.login(client)
			e := r.refused(test.do(r, a), test.want)
			if !strings.Contains(e.Hint, test.hint) {
				t.Errorf("hint %q lacks %q", e.Hint, test.hint)
			}
			got := r.events("REFRESH_TOKEN_ERROR")
			if test.event == "" && len(got) != 0 || test.event != "" && (len(got) != 1 || got[0].Error != test.event || got[0].ID != e.ID) {
				t.Errorf("events %+v for %s", got, e.ID)
			}
		})
	}
}

// disableUser disables the one user without ending her sessions.
func (r *rig) disableUser() {
	r.t.Helper()
	r.svc = r.service(&disabledUserStore{hookedStore{DB: r.db}})
}

type disabledUserStore struct{ hookedStore }

func (d *disabledUserStore) Family(ctx context.Context, realmID, id string) (iam.FamilyView, error) {
	v, err := d.DB.Family(ctx, realmID, id)
	if v.User != nil {
		v.User.Enabled = false
	}
	return v, err
}

// The API's official client keeps using its first refresh token until that expires.
func TestFirstRefreshTokenWorksUntilItExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.login("anonymous")
	distinct := map[string]bool{first.RefreshToken: true}
	for at := 0; at <= 3600; at += 300 {
		a := r.refresh("anonymous", first.RefreshToken)
		if a.RefreshExpiresIn != 3600 || a.ExpiresIn != 300 || a.SessionState != first.SessionState {
			t.Fatalf("after %d s: %+v", at, a)
		}
		distinct[a.RefreshToken] = true
		r.clock.wait(300 * time.Second)
	}
	if len(distinct) != 14 {
		t.Errorf("%d distinct refresh tokens", len(distinct))
	}
	r.refused(refreshForm("anonymous", first.RefreshToken), oauth.RefreshExpired)
}

// Both clocks restart at each refresh, for as long as one likes.
func TestSessionLivesByRefreshing(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"anonymous", "rotating"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			a := r.login(client)
			for range 40 { // 40 hours
				r.clock.wait(3600 * time.Second)
				a = r.refresh(client, a.RefreshToken)
				if a.RefreshExpiresIn != 3600 {
					t.Fatalf("refresh_expires_in %d", a.RefreshExpiresIn)
				}
			}
			r.clock.wait(3601 * time.Second)
			r.refused(refreshForm(client, a.RefreshToken), oauth.RefreshExpired)
		})
	}
}

// A reusable refresh writes nothing unless the row is older than a quarter of
// the idle timeout, and then before the answer.
func TestReusableRefreshSeldomWrites(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	family := r.claims(a.AccessToken).Family
	last := func() int64 {
		v, err := r.db.Family(t.Context(), r.realm.Realm.ID, family)
		if err != nil {
			t.Fatal(err)
		}
		return v.Session.LastRefresh/1000 - start
	}
	for _, step := range []struct{ wait, last int64 }{{0, 0}, {900, 0}, {1, 901}, {900, 901}, {1, 1802}} {
		r.clock.wait(time.Duration(step.wait) * time.Second)
		r.refresh("anonymous", a.RefreshToken)
		if got := last(); got != step.last {
			t.Errorf("last refresh %d s after the start, want %d", got, step.last)
		}
	}
}

// expires_in and refresh_expires_in never promise more than the maximum leaves.
func TestLifetimesShrinkTowardsTheMaximum(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"anonymous", "rotating"} {
		r := newRig(t)
		r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.Lifetimes.SessionMax = 4000 })
		a := r.login(client)
		for _, step := range []struct{ wait, access, refresh int64 }{{1000, 300, 3000}, {2800, 200, 200}, {200, 0, 0}} {
			r.clock.wait(time.Duration(step.wait) * time.Second)
			a = r.refresh(client, a.RefreshToken)
			if a.ExpiresIn != step.access || a.RefreshExpiresIn != step.refresh {
				t.Errorf("%s: %d and %d, want %d and %d", client, a.ExpiresIn, a.RefreshExpiresIn, step.access, step.refresh)
			}
		}
	}
}

func TestScopeOnRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.must(loginForm("rotating", "openid address"))
	if a.Scope != "openid profile email address" {
		t.Fatalf("scope %q", a.Scope)
	}
	narrow := func(refreshToken, scope string) *grant.Answer {
		return r.must(withPairs(refreshForm("rotating", refreshToken), "scope", scope))
	}
	b := narrow(a.RefreshToken, "openid")
	if b.Scope != "openid profile email" || r.claims(b.AccessToken).Scope != b.Scope {
		t.Errorf("narrowed to %q", b.Scope)
	}
	c := narrow(b.RefreshToken, "email") // without openid: the ID token belongs to the login
	if c.Scope != "profile email" || c.IDToken == "" {
		t.Errorf("narrowed to %q, ID token %v", c.Scope, c.IDToken != "")
	}
	d := narrow(c.RefreshToken, "openid profile email address") // as requests-oauthlib sends it
	if d.Scope != a.Scope {
		t.Errorf("the full scope again: %q", d.Scope)
	}
	if got, want := r.claims(d.RefreshToken).Scope, r.claims(a.RefreshToken).Scope; got != want {
		t.Errorf("the refresh token's scope became %q, was %q", got, want)
	}
	if e := r.refused(withPairs(refreshForm("rotating", d.RefreshToken), "scope", "openid phone"), oauth.InvalidScope); e.Arg != "openid phone" {
		t.Errorf("names %q", e.Arg)
	}
}

// A refused refresh changes nothing: the same token works afterwards.
func TestRefusedRefreshDoesNotRotate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	r.refused(refreshForm("strict", a.RefreshToken), oauth.RefreshWrongClient)
	r.refused(withPairs(refreshForm("rotating", a.RefreshToken), "scope", "address"), oauth.InvalidScope)
	v, err := r.db.Family(t.Context(), r.realm.Realm.ID, r.claims(a.AccessToken).Family)
	if err != nil || v.Family.Gen != 0 {
		t.Errorf("generation %d, %v", v.Family.Gen, err)
	}
	r.refresh("rotating", a.RefreshToken)
}

// The keys move on: tokens of a passive key still refresh, and the answer of a
// lost rotation comes out the same under the key that made it.
func TestKeysMoveOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	lost := r.refresh("rotating", a.RefreshToken)
	r.realm = r.newRealm(nil)
	r.realm.Keys = testKeys("h2")
	if again := r.refresh("rotating", a.RefreshToken); again.RefreshToken != lost.RefreshToken {
		t.Error("converging made another token")
	}
	next := r.refresh("rotating", lost.RefreshToken)
	delete(r.realm.Keys.Verify, "h1")
	r.refresh("rotating", next.RefreshToken)
	r.refused(refreshForm("rotating", lost.RefreshToken), oauth.RefreshInvalid)
}
