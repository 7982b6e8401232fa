package grant_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// ask introspects as the backend, or as another confidential client.
func (r *rig) ask(raw string, pairs ...string) []byte {
	r.t.Helper()
	if len(pairs) == 0 {
		pairs = []string{"client_id", "backend", "client_secret", "s3cr&t"}
	}
	res, err := r.svc.Introspect(context.Background(), r.realm, request(append(pairs, "token", raw)...))
	if err != nil {
		r.t.Fatal(err)
	}
	return res.Body
}

func (r *rig) backendLogin() *grant.Answer {
	r.t.Helper()
	return r.must(withPairs(loginForm("backend", "openid"), "client_secret", "s3cr&t"))
}

func TestIntrospectRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	secret := []string{"client_id", "backend", "client_secret", "s3cr&t"}
	for _, test := range []struct {
		name  string
		pairs []string
		want  oauth.Fault
	}{
		{"nobody", []string{"token", "x"}, oauth.IntrospectNoAuth},
		{"wrong secret", []string{"client_id", "backend", "client_secret", "x", "token", "x"}, oauth.IntrospectNoAuth},
		{"public", []string{"client_id", "anonymous", "token", "x"}, oauth.IntrospectNotAllowed},
		{"no token", secret, oauth.IntrospectNoToken},
		{"unknown hint", append(secret, "token", "x", "token_type_hint", "magic"), oauth.IntrospectTokenType},
		{"twice", append(secret, "token", "x", "token", "x"), oauth.DuplicateParameter},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := r.svc.Introspect(context.Background(), r.realm, request(test.pairs...))
			wantFault(t, err, test.want)
		})
	}
}

// A caller whose row is damaged is not told that its secret is wrong.
func TestIntrospectByADamagedClientIsTrouble(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	access := r.backendLogin().AccessToken
	delete(r.realm.Clients, "backend")
	r.realm.ClientsDamaged = true
	_, err := r.svc.Introspect(context.Background(), r.realm, request("client_id", "backend", "client_secret", "s3cr&t", "token", access))
	wantFault(t, err, oauth.Unavailable)
}

func TestIntrospectActive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.backendLogin()
	body := r.ask(a.AccessToken)
	claims := r.claims(a.AccessToken)
	head := strings.TrimSuffix(string(claims.Payload), "}")
	want := head + `,"client_id":"backend","username":"anna","token_type":"Bearer","active":true}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	refresh := members(t, r.ask(a.RefreshToken))
	if refresh["active"] != true || refresh["token_type"] != "Refresh" || refresh["client_id"] != "backend" {
		t.Errorf("%v", refresh)
	}
	if m := members(t, r.ask(a.RefreshToken, "client_id", "backend", "client_secret", "s3cr&t", "token_type_hint", "access_token")); m["active"] != true {
		t.Error("a wrong hint hides the token")
	}
}

// No member stands twice, whatever a mapper or a service account adds.
func TestIntrospectMembersAreUnique(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.must(request("grant_type", "client_credentials", "client_id", "backend", "client_secret", "s3cr&t"))
	a.AccessToken = r.resigned(a.AccessToken, `{"active":false,"username":"forged","token_type":["x"],`)
	body := r.ask(a.AccessToken)
	seen := map[string]bool{}
	d := json.NewDecoder(strings.NewReader(string(body)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if seen[name.(string)] {
			t.Errorf("%s stands twice", name)
		}
		seen[name.(string)] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	if m := members(t, body); m["active"] != true || m["username"] != "service-account-backend" || m["client_id"] != "backend" {
		t.Errorf("%s", body)
	}
}

// resigned is an access token with more claims in front, signed by the realm.
func (r *rig) resigned(raw, front string) string {
	r.t.Helper()
	head, _, _ := strings.Cut(raw, ".")
	payload := front + string(r.claims(raw).Payload[1:])
	input := head + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := r.realm.Keys.Signing["EdDSA"].Signer.Sign([]byte(input))
	if err != nil {
		r.t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// Every way in which a token stops being live; all are the same bytes.
func TestIntrospectInactive(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	ctx := context.Background()
	both := func(a *grant.Answer) []string { return []string{a.AccessToken, a.RefreshToken} }
	for _, test := range []struct {
		name   string
		before func(*rig, *grant.Answer)
		tokens func(*grant.Answer) []string
	}{
		{"garbage", nil, func(*grant.Answer) []string { return []string{"x", "a.b.c"} }},
		{"ID token", nil, func(a *grant.Answer) []string { return []string{a.IDToken} }},
		{"spoilt", nil, func(a *grant.Answer) []string { return []string{a.AccessToken[:len(a.AccessToken)-4] + "AAAA"} }},
		{"access expired", func(r *rig, _ *grant.Answer) { r.clock.wait(301 * time.Second) }, func(a *grant.Answer) []string { return []string{a.AccessToken} }},
		{"refresh expired", func(r *rig, _ *grant.Answer) { r.clock.wait(3601 * time.Second) }, both},
		{"logged out", func(r *rig, a *grant.Answer) {
			_, err := r.svc.Logout(ctx, r.realm, request("client_id", "backend", "client_secret", "s3cr&t", "refresh_token", a.RefreshToken))
			if err != nil {
				r.t.Fatal(err)
			}
		}, both},
		{"client session ended", func(r *rig, a *grant.Answer) {
			if _, err := r.db.EndClientSession(ctx, r.realm.Realm.ID, a.SessionState, r.id("backend"), 1, 1, nil); err != nil {
				r.t.Fatal(err)
			}
		}, both},
		{"jti revoked", func(r *rig, a *grant.Answer) {
			_, err := r.svc.Revoke(ctx, r.realm, request("client_id", "backend", "client_secret", "s3cr&t", "token", a.AccessToken))
			if err != nil {
				r.t.Fatal(err)
			}
		}, func(a *grant.Answer) []string { return []string{a.AccessToken} }},
		{"family revoked", func(r *rig, a *grant.Answer) {
			v, err := r.db.Family(ctx, r.realm.Realm.ID, r.claims(a.AccessToken).Family)
			if err != nil {
				r.t.Fatal(err)
			}
			if _, err := r.db.KillFamily(ctx, v.Family, "test", v.At, v.At, nil); err != nil {
				r.t.Fatal(err)
			}
		}, both},
		{"user disabled", func(r *rig, _ *grant.Answer) { r.disableUser() }, both},
		{"realm not-before", func(r *rig, _ *grant.Answer) { r.edit(func(c *iam.RealmConfig) { c.Realm.NotBefore = start + 1 }) }, both},
		{"client not-before", func(r *rig, _ *grant.Answer) {
			r.edit(func(c *iam.RealmConfig) { c.Clients["backend"].NotBefore = start + 1 })
		}, both},
		{"another issuer", func(r *rig, _ *grant.Answer) { r.realm = r.newRealmAt("https://else.test", nil) }, both},
		{"session over", func(r *rig, _ *grant.Answer) {
			r.clock.wait(100 * time.Second)
			r.edit(func(c *iam.RealmConfig) { c.Realm.Lifetimes.SessionMax = 99 })
		}, both},
		{"session idle by now", func(r *rig, _ *grant.Answer) {
			r.clock.wait(126 * time.Second)
			r.edit(func(c *iam.RealmConfig) { c.Realm.Lifetimes.SessionIdle = 100 })
		}, both},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := shared.again(t)
			a := r.backendLogin()
			if test.before != nil {
				test.before(r, a)
			}
			for _, raw := range test.tokens(a) {
				if got := string(r.ask(raw)); got != `{"active":false}` {
					t.Errorf("%s", got)
				}
			}
		})
	}
}

// A token is nobody's business but its client's and its audience's.
func TestIntrospectOthersTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	for _, raw := range []string{a.AccessToken, a.RefreshToken} {
		if got := string(r.ask(raw)); got != `{"active":false}` {
			t.Errorf("%s", got)
		}
	}
	r.edit(func(c *iam.RealmConfig) {
		c.Clients["anonymous"].Mappers = []iam.Mapper{{
			Name: "aud", Kind: "oidc-audience-mapper",
			Config: map[string]string{"included.client.audience": "backend", "access.token.claim": "true"},
		}}
	})
	b := r.login("anonymous")
	if m := members(t, r.ask(b.AccessToken)); m["active"] != true || m["client_id"] != "anonymous" {
		t.Errorf("%v", m)
	}
}

func TestIntrospectRotatedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	yes := true
	r.edit(func(c *iam.RealmConfig) { c.Clients["backend"].RevokeRefreshToken = &yes })
	a := r.backendLogin()
	b := r.must(withPairs(refreshForm("backend", a.RefreshToken), "client_secret", "s3cr&t"))
	if got := string(r.ask(a.RefreshToken)); got != `{"active":false}` {
		t.Errorf("rotated out: %s", got)
	}
	if m := members(t, r.ask(b.RefreshToken)); m["active"] != true {
		t.Errorf("current: %v", m)
	}
	if m := members(t, r.ask(a.AccessToken)); m["active"] != true {
		t.Errorf("an access token lives through a refresh: %v", m)
	}
	if len(r.tells) != 0 {
		t.Errorf("confirmed %v", r.tells)
	}
	r.ask(b.AccessToken)
	if len(r.tells) != 1 || r.tells[0] != 1 {
		t.Errorf("confirmed %v", r.tells)
	}
}

// edit changes the realm in force.
func (r *rig) edit(change func(*iam.RealmConfig)) { r.realm = r.newRealm(change) }

func TestUserInfo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	info := func(raw string) ([]byte, error) {
		res, err := r.svc.UserInfo(context.Background(), r.realm, request(), raw)
		return res.Body, err
	}
	a := r.login("anonymous")
	body, err := info(a.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	m := members(t, body)
	if !strings.HasPrefix(string(body), `{"sub":"`+r.id("anna")+`"`) || m["preferred_username"] != "anna" || m["email"] != "anna@example.org" {
		t.Errorf("%s", body)
	}
	noOpenID := r.must(loginForm("anonymous", ""))
	if _, err := info(noOpenID.AccessToken); wantFault(t, err, oauth.BearerScope).Arg != "openid" {
		t.Error("names another scope")
	}
	service := r.must(request("grant_type", "client_credentials", "client_id", "backend", "client_secret", "s3cr&t", "scope", "openid"))
	for raw, text := range map[string]string{
		"garbage":           "Token verification failed",
		a.RefreshToken:      "Token verification failed",
		a.IDToken:           "Token verification failed",
		service.AccessToken: "user_session_not_found",
	} {
		if _, err := info(raw); wantFault(t, err, oauth.BearerInvalid).Arg != text {
			t.Errorf("%v, want %s", err, text)
		}
	}
}

func TestUserInfoVerdicts(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	for _, test := range []struct {
		text   string
		before func(*rig, *grant.Answer)
	}{
		{"Token verification failed", func(r *rig, _ *grant.Answer) { r.clock.wait(301 * time.Second) }},
		{"Token verification failed", func(r *rig, a *grant.Answer) {
			if _, err := r.svc.Revoke(context.Background(), r.realm, request("client_id", "anonymous", "token", a.AccessToken)); err != nil {
				r.t.Fatal(err)
			}
		}},
		{"Client not found", func(r *rig, _ *grant.Answer) { r.edit(func(c *iam.RealmConfig) { delete(c.Clients, "anonymous") }) }},
		{"Client disabled", func(r *rig, _ *grant.Answer) {
			r.edit(func(c *iam.RealmConfig) { c.Clients["anonymous"].Enabled = false })
		}},
		{"Wrong client protocol", func(r *rig, _ *grant.Answer) {
			r.edit(func(c *iam.RealmConfig) { c.Clients["anonymous"].Protocol = "saml" })
		}},
		{"User disabled", func(r *rig, _ *grant.Answer) { r.disableUser() }},
		{"user_session_not_found", func(r *rig, a *grant.Answer) {
			if _, err := r.svc.Logout(context.Background(), r.realm, request("client_id", "anonymous", "refresh_token", a.RefreshToken)); err != nil {
				r.t.Fatal(err)
			}
		}},
		{"session_expired", func(r *rig, _ *grant.Answer) {
			r.clock.wait(100 * time.Second)
			r.edit(func(c *iam.RealmConfig) { c.Realm.Lifetimes.SessionMax = 99 })
		}},
	} {
		r := shared.again(t)
		a := r.login("anonymous")
		test.before(r, a)
		_, err := r.svc.UserInfo(context.Background(), r.realm, request(), a.AccessToken)
		if got := wantFault(t, err, oauth.BearerInvalid).Arg; got != test.text {
			t.Errorf("%q, want %q", got, test.text)
		}
	}
	_, err := shared.svc.UserInfo(context.Background(), shared.newRealm(func(c *iam.RealmConfig) { c.Realm.Enabled = false }), request(), "x")
	wantFault(t, err, oauth.RealmDisabled)
}

// An unknown key is a private cause, by which the snapshot knows to look again.
func TestCausesStayPrivate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	delete(r.realm.Keys.Verify, "e1")
	_, err := r.svc.UserInfo(context.Background(), r.realm, request(), a.AccessToken)
	if e := wantFault(t, err, oauth.BearerInvalid); e.Unwrap() != token.ErrKey {
		t.Errorf("cause %v", e.Unwrap())
	}
}

// A token of a key made by another node a moment ago makes this one look again,
// at every endpoint, before it says no.
func TestUnknownKeyIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	whole := r.realm
	old := r.newRealm(nil)
	for _, kid := range []string{"e1", "h1"} {
		delete(old.Keys.Verify, kid)
	}
	looks := 0
	svc := grant.New(grant.Config{Store: r.db, Authenticator: r.auth, Feed: r.feed, Now: r.clock.Now, Reread: func(_ context.Context, realm *token.Realm) (*token.Realm, bool) {
		looks++
		return whole, realm == old
	}})
	a := r.backendLogin()
	secret := []string{"client_id", "backend", "client_secret", "s3cr&t"}
	with := func(pairs ...string) grant.Request { return request(append(pairs, secret...)...) }
	ctx := context.Background()
	for i, call := range []func() (grant.Result, error){
		func() (grant.Result, error) { return svc.UserInfo(ctx, old, request(), a.AccessToken) },
		func() (grant.Result, error) { return svc.Introspect(ctx, old, with("token", a.AccessToken)) },
		func() (grant.Result, error) {
			return svc.Token(ctx, old, with("grant_type", "refresh_token", "refresh_token", a.RefreshToken))
		},
		func() (grant.Result, error) { return svc.Revoke(ctx, old, with("token", a.AccessToken)) },
		func() (grant.Result, error) { return svc.Logout(ctx, old, with("refresh_token", a.RefreshToken)) },
	} {
		res, err := call()
		if err != nil || looks != i+1 || strings.HasPrefix(string(res.Body), `{"active":false`) {
			t.Errorf("endpoint %d: %v after %d looks: %s", i, err, looks, res.Body)
		}
	}
	delete(whole.Keys.Verify, "e1") // nobody knows it
	res, err := svc.Introspect(ctx, old, with("token", a.AccessToken))
	if err != nil || string(res.Body) != `{"active":false}` {
		t.Errorf("%s %v", res.Body, err)
	}
}
