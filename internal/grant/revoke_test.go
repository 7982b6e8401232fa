package grant_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

func (r *rig) revoke(client, raw string) error {
	_, err := r.svc.Revoke(context.Background(), r.realm, request("client_id", client, "token", raw))
	return err
}

func (r *rig) logout(client, raw string) error {
	_, err := r.svc.Logout(context.Background(), r.realm, request("client_id", client, "refresh_token", raw))
	return err
}

func TestRevokeRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	expired := r.forge(a, "anonymous", func(s *token.RefreshSubject) { s.ExpiresAt = start - 1 })
	for _, test := range []struct {
		name, client, raw string
		want              oauth.Fault
	}{
		{"no token", "anonymous", "", oauth.RevokeNoToken},
		{"no client", "", a.RefreshToken, oauth.ClientUnknown},
		{"garbage", "anonymous", "garbage", oauth.RevokeInvalidToken},
		{"ID token", "anonymous", a.IDToken, oauth.RevokeTokenType},
		{"another client's refresh token", "rotating", a.RefreshToken, oauth.RevokeOtherClient},
		{"another client's access token", "rotating", a.AccessToken, oauth.RevokeOtherClient},
		{"expired", "anonymous", expired, oauth.RevokeInvalidToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantFault(t, r.revoke(test.client, test.raw), test.want)
		})
	}
	r.refresh("anonymous", a.RefreshToken) // nothing was revoked
	if len(r.feed.entries) != 0 {
		t.Errorf("feed %+v", r.feed.entries)
	}
}

func TestRevokeRefreshToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	b := r.refresh("rotating", a.RefreshToken)
	r.clock.wait(time.Minute)
	if err := r.revoke("rotating", a.RefreshToken); err != nil { // rotated out, yet its owner's
		t.Fatal(err)
	}
	if kinds := r.feed.kinds(); !slices.Contains(kinds, iam.RevokeSession) {
		t.Errorf("feed %v", kinds)
	}
	for _, e := range r.feed.entries {
		if e.Until < (start+60+300)*1000 {
			t.Errorf("remembered until %d only", e.Until)
		}
	}
	r.refused(refreshForm("rotating", b.RefreshToken), oauth.SessionNotActive)
	wantFault(t, r.revoke("rotating", b.RefreshToken), oauth.RevokeInvalidToken) // dead by now
	if got := r.events("REVOKE_GRANT"); len(got) != 1 || got[0].SessionID != a.SessionState || got[0].UserID != r.id("anna") {
		t.Errorf("events %+v", got)
	}
}

func TestRevokeEndsOneClientOfASharedSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	second := r.joinSession(a, "strict")
	if err := r.revoke("strict", second); err != nil {
		t.Fatal(err)
	}
	if kinds := r.feed.kinds(); !slices.Equal(kinds, []iam.RevocationKind{iam.RevokeClientSession}) {
		t.Errorf("feed %v", kinds)
	}
	r.refused(refreshForm("strict", second), oauth.ClientSessionMissing)
	r.refresh("rotating", a.RefreshToken)
}

func TestRevokeAccessToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	for range 2 { // again is as good
		if err := r.revoke("anonymous", a.AccessToken); err != nil {
			t.Fatal(err)
		}
	}
	e := r.feed.entries[0]
	if e.Kind != iam.RevokeToken || e.ID != r.claims(a.AccessToken).ID || e.Until < (start+300)*1000 {
		t.Errorf("feed %+v", e)
	}
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), a.AccessToken); err == nil {
		t.Error("it still opens userinfo")
	}
	b := r.refresh("anonymous", a.RefreshToken)
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), b.AccessToken); err != nil {
		t.Errorf("the session died with one access token: %v", err)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bystander := r.login("anonymous")
	a := r.login("rotating")
	second := r.joinSession(a, "strict")
	wantFault(t, r.logout("rotating", ""), oauth.NoRefreshToken)
	wantFault(t, r.logout("rotating", "garbage"), oauth.RefreshInvalid)
	wantFault(t, r.logout("rotating", a.AccessToken), oauth.RefreshInvalid)
	wantFault(t, r.logout("anonymous", a.RefreshToken), oauth.LogoutWrongClient)
	wantFault(t, r.logout("nobody", a.RefreshToken), oauth.ClientUnknown)
	for range 2 { // idempotent
		if err := r.logout("rotating", a.RefreshToken); err != nil {
			t.Fatal(err)
		}
	}
	if kinds := r.feed.kinds(); !slices.Equal(kinds, []iam.RevocationKind{iam.RevokeSession}) {
		t.Errorf("feed %v", kinds)
	}
	if got := r.events("LOGOUT"); len(got) != 1 || got[0].SessionID != a.SessionState {
		t.Errorf("events %+v", got)
	}
	r.refused(refreshForm("rotating", a.RefreshToken), oauth.SessionNotActive)
	r.refused(refreshForm("strict", second), oauth.SessionNotActive)
	r.refresh("anonymous", bystander.RefreshToken)
}

func TestLogoutWithAnExpiredToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	r.clock.wait(1800 * time.Second)
	b := r.refresh("anonymous", a.RefreshToken)
	r.clock.wait(1801 * time.Second)
	if err := r.logout("anonymous", a.RefreshToken); err != nil {
		t.Fatal(err)
	}
	r.refused(refreshForm("anonymous", b.RefreshToken), oauth.SessionNotActive)
}

// A disabled realm and plain http close every endpoint.
func TestAllEndpointsAreAdmitted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	disabled := r.newRealm(func(c *iam.RealmConfig) { c.Realm.Enabled = false })
	secured := r.newRealm(func(c *iam.RealmConfig) { c.Realm.SSLRequired = "all" })
	type endpoint = func(context.Context, *token.Realm, grant.Request) (grant.Result, error)
	for name, call := range map[string]endpoint{
		"token": r.svc.Token, "introspect": r.svc.Introspect, "revoke": r.svc.Revoke, "logout": r.svc.Logout,
		"userinfo": func(ctx context.Context, realm *token.Realm, q grant.Request) (grant.Result, error) {
			return r.svc.UserInfo(ctx, realm, q, "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t.Context(), disabled, request())
			wantFault(t, err, oauth.RealmDisabled)
			_, err = call(t.Context(), secured, request())
			wantFault(t, err, oauth.HTTPSRequired)
			https := request()
			https.Secure = true
			refused := new(oauth.Error)
			if _, err = call(t.Context(), secured, https); errors.As(err, &refused) && refused.Fault == oauth.HTTPSRequired {
				t.Error("https is refused too")
			}
		})
	}
}
