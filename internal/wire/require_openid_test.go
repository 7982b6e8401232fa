package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// G1 (OpenID Connect Core sections 2, 3.1.3.6): an ID token states iss, sub,
// aud, exp, iat, azp, sid and the hash of its access token; a password grant's
// has no auth_time and no nonce, also when one is sent.
func TestG1_ClaimsOfTheIDToken(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.tokens(t, "platform", passwordGrant(user, password)+"&nonce=n-1")
	id, access := claimsOf(t, got.ID), claimsOf(t, got.Access)
	sum := sha256.Sum256([]byte(got.Access))
	now := float64(w.clock.Now().Unix())
	for name, want := range map[string]any{
		"iss": w.base + "/auth/realms/platform", "sub": access["sub"], "aud": "anonymous", "exp": now + 300, "iat": now, "azp": "anonymous",
		"sid": got.SessionState, "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "typ": "ID", "auth_time": nil, "nonce": nil,
	} {
		if fmt.Sprint(id[name]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", name, id[name], want)
		}
	}
	if id["sub"] == nil || id["sub"] == user {
		t.Errorf("sub %v", id["sub"])
	}
}

// G2 (OpenID Connect Core section 12.2): a refresh's ID token has the login's
// iss, sub, aud, azp and auth_time, a new iat, and no nonce of its own.
func TestG2_TheIDTokenOfARefresh(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, realm := range []string{"platform", "rotating"} {
		got := w.login(t, realm, "anonymous", user, password)
		w.clock.Advance(100 * time.Second)
		before, after := claimsOf(t, got.ID), claimsOf(t, w.refreshed(t, realm, got.Refresh).ID)
		for _, name := range []string{"iss", "sub", "aud", "azp", "auth_time", "sid", "acr"} {
			if fmt.Sprint(before[name]) != fmt.Sprint(after[name]) {
				t.Errorf("%s: %s was %v and is %v", realm, name, before[name], after[name])
			}
		}
		if after["iat"].(float64) != before["iat"].(float64)+100 || after["nonce"] != nil || after["jti"] == before["jti"] {
			t.Errorf("%s: %v", realm, after)
		}
	}
}

// G6 (OpenID Connect Core section 5.3): userinfo takes a bearer token, its sub is
// the ID token's, and it tells what the granted scope covers and no more.
func TestG6_UserInfoTellsTheGrantedScope(t *testing.T) {
	t.Parallel()
	w := start(t, strings.Replace(defaultRealm, `{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris"`,
		`{"clientId": "anonymous", "publicClient": true, "directAccessGrantsEnabled": true, "defaultClientScopes": [], "optionalClientScopes": ["email", "profile"], "redirectUris"`, 1))
	for _, c := range []struct {
		scope         string
		email, person bool
	}{{"openid", false, false}, {"openid email", true, false}, {"openid profile", false, true}} {
		got := w.tokens(t, "platform", passwordGrant(user, password, c.scope))
		e := w.do(t, "GET", w.protocol("platform", "userinfo"), "", bearer(got.Access))
		if e.status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.scope, e.status, e.body)
		}
		said := objectOf(t, e.body)
		if said["sub"] != claimsOf(t, got.ID)["sub"] || (said["email"] != nil) != c.email || (said["given_name"] != nil) != c.person {
			t.Errorf("%s: %s", c.scope, e.body)
		}
		for name := range said {
			if strings.Contains(name, "token") || name == "exp" || name == "jti" {
				t.Errorf("%s: userinfo tells %s", c.scope, name)
			}
		}
		post := w.post(t, w.protocol("platform", "userinfo"), "", bearer(got.Access))
		if post.status != http.StatusOK || string(post.body) != string(e.body) {
			t.Errorf("%s by POST: %d %s", c.scope, post.status, post.body)
		}
	}
	if s := w.do(t, "GET", w.protocol("platform", "userinfo"), "", http.Header{"Authorization": {"Basic " + basic("confidential", clientSecret)}}).status; s != http.StatusUnauthorized {
		t.Errorf("by Basic: %d", s)
	}
}

// G10 (RP-Initiated Logout section 2): logout by POST ends the session with all
// its families; by GET it is 405 until there is a page that asks.
func TestG10_LogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, realm := range []string{"platform", "rotating"} {
		got, other := w.login(t, realm, "anonymous", user, password), w.login(t, realm, "anonymous", user, password)
		next := w.refreshed(t, realm, got.Refresh)
		for _, path := range []string{w.protocol(realm, "logout"), w.protocol(realm, "logout") + "?post_logout_redirect_uri=https://evil.example.org/&id_token_hint=" + got.ID} {
			if e := w.do(t, "GET", path, "", nil); e.status != http.StatusMethodNotAllowed || e.header.Get("Location") != "" {
				t.Errorf("GET: %d %v", e.status, e.header)
			}
		}
		if e := w.post(t, w.protocol(realm, "logout"), form("client_id", "anonymous", "refresh_token", next.Refresh), nil); e.status != http.StatusNoContent {
			t.Fatalf("%d %s", e.status, e.body)
		}
		for _, token := range []string{got.Refresh, next.Refresh} {
			w.refusesRefresh(t, realm, token, "Session not active")
		}
		if w.vms(t, got.Access) != 401 || w.vms(t, next.Access) != 401 || w.vms(t, other.Access) != 200 {
			t.Errorf("%s: access tokens %d, %d, another session's %d", realm, w.vms(t, got.Access), w.vms(t, next.Access), w.vms(t, other.Access))
		}
	}
}

// F2 (RFC 8725 section 3.10): keys and addresses in a token's header are never
// used: at no endpoint does such a token cause a connection.
func TestF2_HeadersBringNoKeys(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	calls := 0
	bait := serveBait(t, &calls)
	parts := strings.Split(got.Access, ".")
	for _, extra := range []string{`"jku":"` + bait + `"`, `"x5u":"` + bait + `"`, `"jwk":{"kty":"oct","k":"AAAA","jku":"` + bait + `"}`, `"x5c":["` + bait + `"]`, `"iss":"` + bait + `"`} {
		for _, kid := range []string{`"kid":"x",`, `"kid":"` + bait + `",`, ""} {
			head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT",` + kid + extra + `}`))
			for name, e := range w.present(t, head+"."+parts[1]+"."+parts[2]) {
				if e.status == http.StatusOK && !strings.Contains(string(e.body), `"active":false`) && !strings.Contains(string(e.body), "invalid_token") || e.status >= 500 {
					t.Errorf("%s with %s: %d %s", name, extra, e.status, e.body)
				}
			}
		}
	}
	if calls != 0 {
		t.Errorf("%d connections to an address in a token", calls)
	}
}

// F3 (RFC 8725 section 3.10): a kid is a name to look up: whatever it says, be it
// a path, SQL, a template, a NUL or long, the refusal is the same.
func TestF3_EveryUnknownKidIsRefusedAlike(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	parts := strings.Split(got.Access, ".")
	first := map[string]string{}
	for _, kid := range []string{"x", "../../../../etc/passwd", "/dev/null", "' or '1'='1", `\u0000`, "{{7*7}}", "${jndi:ldap://127.0.0.1/}", "http://127.0.0.1/", "%00", "__proto__", strings.Repeat("k", 600)} {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT","kid":"` + kid + `"}`))
		for name, e := range w.present(t, head+"."+parts[1]+"."+parts[2]) {
			said := fmt.Sprint(e.status, e.header.Get("WWW-Authenticate"))
			if strings.HasPrefix(string(e.body), "{") {
				said += withoutID(t, e)
			}
			if first[name] == "" {
				first[name] = said
			}
			if said != first[name] {
				t.Errorf("%s with kid %.40q: %s, before %s", name, kid, said, first[name])
			}
		}
	}
}

// present shows a token at every endpoint that takes one.
func (w *world) present(t *testing.T, token string) map[string]*exchange {
	t.Helper()
	as := form("client_id", "confidential", "client_secret", clientSecret) + "&"
	return map[string]*exchange{
		"API":           w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}),
		"userinfo":      w.do(t, "GET", w.protocol("platform", "userinfo"), "", bearer(token)),
		"introspection": w.post(t, w.protocol("platform", "token/introspect"), as+form("token", token), nil),
		"refresh":       w.post(t, tokenPath, as+form("grant_type", "refresh_token", "refresh_token", token), nil),
		"logout":        w.post(t, w.protocol("platform", "logout"), as+form("refresh_token", token), nil),
		"revoke":        w.post(t, w.protocol("platform", "revoke"), as+form("token", token), nil),
		"JSON refresh":  w.do(t, "POST", "/v1/vms/auth/refresh/5", `{"refreshToken":"`+token+`"}`, http.Header{"Content-Type": {"application/json"}}),
	}
}
