package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const inactive = `{"active":false}`

// revoke revokes a token as the public client.
func (w *world) revoke(t *testing.T, realm, token string, more ...string) *exchange {
	t.Helper()
	return w.post(t, w.protocol(realm, "revoke"), form(append([]string{"client_id", "anonymous", "token", token}, more...)...), nil)
}

// C1 (RFC 7009 section 2.1): a wrong or unknown token_type_hint does not hide
// the token.
func TestC1_HintsHideNothing(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, hint := range []string{"access_token", "refresh_token", "id_token", "nonsense", ""} {
		got := w.login(t, "platform", "anonymous", user, password)
		if e := w.revoke(t, "platform", got.Refresh, "token_type_hint", hint); e.status != http.StatusOK {
			t.Errorf("%q: %d %s", hint, e.status, e.body)
		}
		if s := w.vms(t, got.Access); s != http.StatusUnauthorized {
			t.Errorf("%q for a refresh token: the API answers %d", hint, s)
		}
		got = w.login(t, "platform", "anonymous", user, password)
		w.revoke(t, "platform", got.Access, "token_type_hint", hint)
		if s := w.vms(t, got.Access); s != http.StatusUnauthorized {
			t.Errorf("%q for an access token: the API answers %d", hint, s)
		}
	}
}

// C2 (RFC 7009 section 2.2): a token that is unknown, expired or revoked
// already is answered 200, and in the same words.
func TestC2_UselessTokensAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	expired, ended := w.login(t, "platform", "anonymous", user, password), w.login(t, "platform", "anonymous", user, password)
	foreign := w.login(t, "rotating", "anonymous", user, password)
	w.clock.Advance(2 * time.Hour)
	w.revoke(t, "platform", ended.Refresh)
	first := ""
	for name, token := range map[string]string{"garbage": "x", "a token's form": "e30.e30.e30", "expired access": expired.Access, "expired refresh": expired.Refresh,
		"of another realm": foreign.Refresh, "revoked": ended.Refresh} {
		e := w.revoke(t, "platform", token)
		body := withoutID(t, e)
		if first == "" {
			first = body
		}
		if e.status != http.StatusOK || body != first {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
}

// C3 (RFC 7009 section 2.1): a client cannot revoke another client's token.
func TestC3_AnothersTokenIsNotRevoked(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	for name, token := range map[string]string{"refresh": got.Refresh, "access": got.Access} {
		if e := w.revoke(t, "platform", token); e.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
	if s := w.vms(t, got.Access); s != http.StatusOK {
		t.Errorf("the API answers %d", s)
	}
	w.tokens(t, "platform", form("client_id", "confidential", "client_secret", clientSecret, "grant_type", "refresh_token", "refresh_token", got.Refresh))
}

// C4 (RFC 7009 section 2.1): revoking a refresh token ends its family and all
// its access tokens at introspection, userinfo and the API at once.
func TestC4_RevokingARefreshTokenEndsItsAccessTokens(t *testing.T) {
	t.Parallel()
	w := start(t, "["+realmWith("platform", `"sslRequired": "none"`)+","+realmWith("rotating", `"revokeRefreshToken": true`)+"]")
	for _, realm := range []string{"platform", "rotating"} {
		first := w.tokens(t, realm, asBackend+form("grant_type", "password", "scope", "openid", "username", user, "password", password))
		second := w.tokens(t, realm, asBackend+form("grant_type", "refresh_token", "refresh_token", first.Refresh))
		for _, access := range []string{first.Access, second.Access} {
			if w.vms(t, access) != 200 || w.userinfo(t, realm, access) != 200 || !w.active(t, realm, asBackend, access) {
				t.Fatalf("%s: not live before", realm)
			}
		}
		if e := w.post(t, w.protocol(realm, "revoke"), asBackend+"token="+second.Refresh, nil); e.status != http.StatusOK {
			t.Fatalf("%d %s", e.status, e.body)
		}
		for i, access := range []string{first.Access, second.Access} {
			if w.vms(t, access) != 401 || w.userinfo(t, realm, access) != 401 || w.active(t, realm, asBackend, access) {
				t.Errorf("%s: access token %d lives", realm, i)
			}
		}
		for i, token := range []string{first.Refresh, second.Refresh} {
			e := w.post(t, w.protocol(realm, "token"), asBackend+form("grant_type", "refresh_token", "refresh_token", token), nil)
			if e.status != http.StatusBadRequest || w.active(t, realm, asBackend, token) {
				t.Errorf("%s: refresh token %d: %d %s", realm, i, e.status, e.body)
			}
		}
	}
}

// C7 (RFC 7662 section 2.1): who introspects must be a confidential client with
// its secret: nobody and a wrong secret are 401, a public client is 403.
func TestC7_IntrospectionAsksWhoAsks(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"nobody":           {"", 401},
		"unknown":          {form("client_id", "x", "client_secret", "y"), 401},
		"wrong secret":     {form("client_id", "confidential", "client_secret", "y"), 401},
		"no secret":        {form("client_id", "confidential"), 401},
		"public":           {form("client_id", "anonymous"), 403},
		"public, a secret": {form("client_id", "anonymous", "client_secret", "x"), 403},
	} {
		e := w.post(t, w.protocol("platform", "token/introspect"), c.body+"&token="+got.Access, nil)
		if e.status != c.status || strings.Contains(string(e.body), "active") {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
	if e := w.do(t, "POST", w.protocol("platform", "token/introspect"), "token="+got.Access, http.Header{"Authorization": {"Bearer " + got.Access}, "Content-Type": {"application/x-www-form-urlencoded"}}); e.status != http.StatusUnauthorized {
		t.Errorf("by a bearer token: %d %s", e.status, e.body)
	}
}

// C8 (RFC 7662 sections 2.2, 4): whatever is not live, and whatever the caller
// is no audience of, is exactly {"active":false}.
func TestC8_NotLiveIsOneAnswer(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	mine := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	others := w.login(t, "platform", "anonymous", user, password)
	foreign := w.login(t, "rotating", "anonymous", user, password)
	for name, token := range map[string]string{
		"garbage": "x", "a token's form": "e30.e30.e30", "ID token": mine.ID, "another client's": others.Access, "another client's refresh": others.Refresh,
		"another realm's": foreign.Access, "bad signature": mine.Access[:len(mine.Access)-6] + "AAAAAA", "with bytes behind": mine.Access + ".x",
	} {
		for _, asked := range []string{"application/json", "application/jwt", "application/token-introspection+jwt", "*/*"} {
			e := w.post(t, w.protocol("platform", "token/introspect"),
				form("client_id", "confidential", "client_secret", clientSecret, "token", token), http.Header{"Accept": {asked}})
			if e.status != http.StatusOK || strings.TrimSpace(string(e.body)) != inactive {
				t.Errorf("%s as %s: %d %s", name, asked, e.status, e.body)
			}
		}
	}
}

// C9 (RFC 7662 section 4): in every state that time, the realm file, a client
// or an operator can bring about, introspection says active if and only if the
// API accepts the token.
func TestC9_IntrospectionSaysWhatTheAPIDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings string
		then     func(t *testing.T, w *world, got tokens)
		live     bool
	}{
		"fresh":              {`"sslRequired": "none"`, nil, true},
		"its last second":    {`"accessTokenLifespan": 60`, wait(60 * time.Second), true},
		"expired":            {`"accessTokenLifespan": 60`, wait(61 * time.Second), false},
		"the idle session's": {`"accessTokenLifespan": 7200, "ssoSessionIdleTimeout": 600`, wait(601 * time.Second), false},
		"past the maximum":   {`"accessTokenLifespan": 7200, "ssoSessionMaxLifespan": 600`, wait(601 * time.Second), false},
		"not-before":         {fmt.Sprintf(`"notBefore": %d`, time.Now().Add(time.Hour).Unix()), nil, false},
		"refreshed since": {`"revokeRefreshToken": true`, func(t *testing.T, w *world, got tokens) {
			w.tokens(t, "platform", asBackend+form("grant_type", "refresh_token", "refresh_token", got.Refresh))
		}, true},
		"logged out": {`"sslRequired": "none"`, func(t *testing.T, w *world, got tokens) {
			w.post(t, w.protocol("platform", "logout"), asBackend+"refresh_token="+got.Refresh, nil)
		}, false},
		"revoked": {`"sslRequired": "none"`, func(t *testing.T, w *world, got tokens) {
			w.post(t, w.protocol("platform", "revoke"), asBackend+"token="+got.Access, nil)
		}, false},
		"its family ended by reuse": {`"revokeRefreshToken": true`, func(t *testing.T, w *world, got tokens) {
			next := w.tokens(t, "platform", asBackend+form("grant_type", "refresh_token", "refresh_token", got.Refresh))
			w.tokens(t, "platform", asBackend+form("grant_type", "refresh_token", "refresh_token", next.Refresh))
			w.clock.Advance(time.Minute)
			w.post(t, w.protocol("platform", "token"), asBackend+form("grant_type", "refresh_token", "refresh_token", got.Refresh), nil)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, realmWith("platform", c.settings))
			got := w.tokens(t, "platform", asBackend+form("grant_type", "password", "scope", "openid", "username", user, "password", password))
			if c.then != nil {
				c.then(t, w, got)
			}
			active, api, info := w.active(t, "platform", asBackend, got.Access), w.vms(t, got.Access) == 200, w.userinfo(t, "platform", got.Access) == 200
			if active != c.live || api != c.live || info != c.live {
				t.Errorf("introspection %v, API %v, userinfo %v, want %v", active, api, info, c.live)
			}
		})
	}
}
