package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// newPassword is one that an operator may set.
const newPassword = "another good password"

// send gives an operator's order in this process; a body that is a string is
// sent as it stands.
func (w *world) send(t *testing.T, method, route string, body any, values ...string) *exchange {
	t.Helper()
	path, query, _ := strings.Cut(route, "?")
	var content []byte
	if text, raw := body.(string); raw {
		content = []byte(text)
	} else if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	path = api.AdminPath(path, values...)
	r := httptest.NewRequestWithContext(t.Context(), method, "http://usher"+path+"?"+query, bytes.NewReader(content))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	w.AdminHandler().ServeHTTP(rec, r)
	return &exchange{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// order gives an order that must succeed.
func (w *world) order(t *testing.T, method, route string, body any, values ...string) []byte {
	t.Helper()
	e := w.send(t, method, route, body, values...)
	if e.status/100 != 2 {
		t.Fatalf("%s %s %v: %d %s", method, route, values, e.status, e.body)
	}
	return e.body
}

// ends are the ways in which an operator ends a user's sessions.
func (w *world) ends(t *testing.T) map[string]func(got tokens) {
	return map[string]func(got tokens){
		"disable": func(tokens) { w.order(t, "POST", api.AdminUserDisable, nil, "platform", user) },
		"delete":  func(tokens) { w.order(t, "DELETE", api.AdminUser, nil, "platform", user) },
		"password": func(tokens) {
			w.order(t, "POST", api.AdminUserPassword, api.NewPassword{Password: newPassword}, "platform", user)
		},
		"the session":      func(got tokens) { w.order(t, "DELETE", api.AdminSession, nil, "platform", got.SessionState) },
		"all of the user":  func(tokens) { w.order(t, "DELETE", api.AdminSessions+"?user="+user, nil, "platform") },
		"all of the realm": func(tokens) { w.order(t, "DELETE", api.AdminSessions, nil, "platform") },
		"not-before of the user": func(tokens) {
			w.clock.Advance(time.Second)
			w.order(t, "POST", api.AdminNotBefore, api.SetNotBefore{Scope: api.ScopeUser, Name: user}, "platform")
		},
		"not-before of the client": func(tokens) {
			w.clock.Advance(time.Second)
			w.order(t, "POST", api.AdminNotBefore, api.SetNotBefore{Scope: api.ScopeClient, Name: "backend"}, "platform")
		},
		"not-before of the realm": func(tokens) {
			w.clock.Advance(time.Second)
			w.order(t, "POST", api.AdminNotBefore, api.SetNotBefore{Scope: api.ScopeRealm}, "platform")
		},
		"the client disabled": func(tokens) { w.order(t, "POST", api.AdminClientDisable, nil, "platform", "backend") },
		"revocation": func(got tokens) {
			w.post(t, w.protocol("platform", "revoke"), asBackend+"token="+got.Refresh, nil)
		},
		"logout": func(got tokens) {
			w.post(t, w.protocol("platform", "logout"), asBackend+"refresh_token="+got.Refresh, nil)
		},
	}
}

// B7 (ASVS 7.4.1): after logout, revocation, the user's disabling, deletion or
// new password, the client's disabling, a not-before, or an operator's order,
// the API refuses the session's access token at once, also one it has seen.
func TestB7_EndedSessionsAreRefusedByTheAPI(t *testing.T) {
	t.Parallel()
	for name := range (*world)(nil).ends(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, realmWith("platform", `"revokeRefreshToken": true`))
			got := w.tokens(t, "platform", asBackend+form("grant_type", "password", "scope", "openid", "username", user, "password", password))
			for _, before := range []int{w.vms(t, got.Access), w.vms(t, got.Access), w.userinfo(t, "platform", got.Access)} {
				if before != http.StatusOK {
					t.Fatalf("before: %d", before)
				}
			}
			w.ends(t)[name](got)
			if api, info := w.vms(t, got.Access), w.userinfo(t, "platform", got.Access); api != http.StatusUnauthorized || info != http.StatusUnauthorized {
				t.Errorf("the API answers %d, userinfo %d", api, info)
			}
		})
	}
}

// H14 (RFC 9700 section 4.14.2): refresh tokens end with the user's new
// password, with logout, and with whatever else ends the session; idle timeout
// and maximum end them too.
func TestH14_RefreshTokensEndWithTheSession(t *testing.T) {
	t.Parallel()
	more := (*world)(nil).ends(t)
	more["idle"] = nil
	more["maximum"] = nil
	for name := range more {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, realmWith("platform", `"ssoSessionIdleTimeout": 600, "ssoSessionMaxLifespan": 900, "defaultSignatureAlgorithm": "ES256"`))
			got := w.tokens(t, "platform", asBackend+form("grant_type", "password", "scope", "openid", "username", user, "password", password))
			use := asBackend + form("grant_type", "refresh_token", "refresh_token", got.Refresh)
			switch name {
			case "idle":
				w.clock.Advance(601 * time.Second)
			case "maximum":
				w.clock.Advance(500 * time.Second)
				got = w.tokens(t, "platform", use)
				w.clock.Advance(401 * time.Second)
				use = asBackend + form("grant_type", "refresh_token", "refresh_token", got.Refresh)
			default:
				w.ends(t)[name](got)
			}
			if e := w.post(t, w.protocol("platform", "token"), use, nil); e.status/100 != 4 || strings.Contains(string(e.body), "access_token") {
				t.Errorf("%d %s", e.status, e.body)
			}
		})
	}
}

// J9 (ASVS 7.4.2, 7.4.3, 7.4.5): a new password ends all the user's sessions; a
// disabled user's are refused at once, and their access tokens for good; an
// operator ends one session or all, and no more than asked for.
func TestJ9_SessionsEndAsOrdered(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first, second := w.login(t, "platform", "anonymous", user, password), w.login(t, "platform", "anonymous", user, password)
	other := w.login(t, "platform", "anonymous", "other", " ;%26+&=\t😀 blanks around ")
	w.order(t, "DELETE", api.AdminSession, nil, "platform", first.SessionState)
	if a, b, c := w.vms(t, first.Access), w.vms(t, second.Access), w.vms(t, other.Access); a != 401 || b != 200 || c != 200 {
		t.Errorf("one session ended: %d, %d, %d", a, b, c)
	}
	w.order(t, "POST", api.AdminUserPassword, api.NewPassword{Password: newPassword}, "platform", user)
	if b, c := w.vms(t, second.Access), w.vms(t, other.Access); b != 401 || c != 200 {
		t.Errorf("a new password: %d, %d", b, c)
	}
	w.refusesRefresh(t, "platform", second.Refresh, "Session not active")
	if a, b := w.guess(t, user, password, nil), w.guess(t, user, newPassword, nil); a != 401 || b != 200 {
		t.Errorf("the old password: %d, the new one: %d", a, b)
	}
	third := w.login(t, "platform", "anonymous", user, newPassword)
	w.order(t, "POST", api.AdminUserDisable, nil, "platform", user)
	w.refusesRefresh(t, "platform", third.Refresh, "User disabled")
	w.order(t, "POST", api.AdminUserEnable, nil, "platform", user)
	w.refreshed(t, "platform", third.Refresh)
	if got := w.vms(t, third.Access); got != 401 {
		t.Errorf("enabling the user brought the access token back: %d", got)
	}
	w.order(t, "DELETE", api.AdminSessions, nil, "platform")
	if c := w.vms(t, other.Access); c != 401 {
		t.Errorf("all sessions ended: %d", c)
	}
}

// G7 (OpenID Connect Core sections 8, 16): the id of a deleted user does not come
// back: a new user of the same name has another, and a realm file that brings
// the old id is refused.
func TestG7_SubjectsAreNotReassigned(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"sslRequired": "none"`))
	sub := fmt.Sprint(claimsOf(t, w.login(t, "platform", "anonymous", user, password).Access)["sub"])
	w.order(t, "DELETE", api.AdminUser, nil, "platform", user)
	again := newPassword
	w.order(t, "POST", api.AdminUsers, api.NewUser{Username: user, Password: &again}, "platform")
	if got := fmt.Sprint(claimsOf(t, w.login(t, "platform", "anonymous", user, again).Access)["sub"]); got == sub {
		t.Error("the new user has the deleted one's sub")
	}
	file := `{"realm": "platform", "users": [{"id": "` + sub + `", "username": "successor", "enabled": true, "credentials": [{"type": "password", "value": "another password"}]}]}`
	e := w.send(t, "POST", api.AdminImport, api.ImportFiles{Files: []api.File{{Name: "platform-realm.json", Data: []byte(file)}}})
	if got := w.guess(t, "successor", "another password", nil); got != http.StatusUnauthorized || !strings.Contains(string(e.body), "of a user who was deleted") {
		t.Errorf("a file with the id: %d %s; its user's login: %d", e.status, e.body, got)
	}
}

// J2 (ASVS 6.2.1 to 6.2.12): an operator's password has at least 15 characters
// and at most 1,024 bytes, of any kind, and is kept as it is: no case is changed
// and nothing is cut.
func TestJ2_PasswordsThatAnOperatorSets(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"sslRequired": "none"`))
	for _, c := range []struct {
		password string
		taken    bool
	}{
		{"", false}, {"short", false}, {strings.Repeat("x", 14), false}, {"fifteen letters", true}, {strings.Repeat("ü", 15), true}, {"all lower case words", true}, {strings.Repeat("ab", 32), true},
		{"MiXeD cAsE Password", true}, {"blanks   at the end   ", true}, {strings.Repeat("y", 1023) + "z", true}, {strings.Repeat("y", 1025), false}, {user, false},
	} {
		e := w.send(t, "POST", api.AdminUserPassword, api.NewPassword{Password: c.password}, "platform", user)
		if (e.status == http.StatusOK) != c.taken {
			t.Errorf("%.20q (%d bytes): %d %s", c.password, len(c.password), e.status, e.body)
		}
		if !c.taken {
			if !strings.Contains(string(e.body), "hint") {
				t.Errorf("%.20q: no reason: %s", c.password, e.body)
			}
			continue
		}
		w.clock.Advance(time.Minute)
		for _, wrong := range []string{strings.ToUpper(c.password) + "\u0301", c.password[:len(c.password)-1], strings.TrimSpace(c.password) + "!"} {
			if got := w.guess(t, user, wrong, nil); got != http.StatusUnauthorized {
				t.Errorf("%.20q opens what %.20q locks: %d", wrong, c.password, got)
			}
		}
		if got := w.guess(t, user, c.password, nil); got != http.StatusOK {
			t.Errorf("%.20q does not open: %d", c.password, got)
		}
	}
}

// J6 (ASVS 6.4.1, 6.4.6): a temporary password opens nothing until it is changed;
// client secrets are made here, of 256 random bits, and shown once.
func TestJ6_TemporaryPasswordsAndSecrets(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	w.order(t, "POST", api.AdminUserPassword, api.NewPassword{Password: newPassword, Temporary: true}, "platform", user)
	e := w.post(t, tokenPath, passwordGrant(user, newPassword), nil)
	if e.status != http.StatusBadRequest || memberOf(t, e.body, "error_description") != "Account is not fully set up" {
		t.Errorf("a temporary password: %d %s", e.status, e.body)
	}
	var made, again api.ClientSecret
	if err := json.Unmarshal(w.order(t, "POST", api.AdminClientSecret, nil, "platform", "backend"), &made); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.order(t, "POST", api.AdminClientSecret, nil, "platform", "backend"), &again); err != nil {
		t.Fatal(err)
	}
	if len(made.Secret) < 43 || made.Secret == again.Secret {
		t.Errorf("secrets %d and %d long, equal %v", len(made.Secret), len(again.Secret), made.Secret == again.Secret)
	}
	for _, route := range []string{api.AdminClient, api.AdminClients} {
		if shown := w.order(t, "GET", route, nil, "platform", "backend"); strings.Contains(string(shown), again.Secret) {
			t.Errorf("%s shows the secret: %s", route, shown)
		}
	}
}

// N1 (NIST SP 800-63B-4 section 3.1.1.2): characters are counted as code points,
// and a password is compared as it was typed, without normalisation.
func TestN1_PasswordsAreCountedInCodePointsAndNotNormalised(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"sslRequired": "none"`))
	const composed, decomposed = "fünfzehn Zeichen", "fu\u0308nfzehn Zeichen"
	w.order(t, "POST", api.AdminUserPassword, api.NewPassword{Password: composed}, "platform", user)
	if a, b := w.guess(t, user, composed, nil), w.guess(t, user, decomposed, nil); a != 200 || b != 401 {
		t.Errorf("as typed %d, decomposed %d", a, b)
	}
	for password, taken := range map[string]bool{strings.Repeat("😀", 14): false, strings.Repeat("😀", 15): true} {
		if e := w.send(t, "POST", api.AdminUserPassword, api.NewPassword{Password: password}, "platform", user); (e.status == 200) != taken {
			t.Errorf("%d characters: %d %s", len([]rune(password)), e.status, e.body)
		}
	}
}

// H6 (RFC 9700 section 2.4): a client that an operator makes has no password
// grant unless it is asked for.
func TestH6_AClientMadeHereHasNoPasswordGrant(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for id, asked := range map[string]bool{"new": false, "new-with": true} {
		w.order(t, "POST", api.AdminClients, api.NewClient{ClientID: id, Kind: api.KindPublic, DirectAccessGrants: asked}, "platform")
		e := w.post(t, tokenPath, form("client_id", id, "grant_type", "password", "username", user, "password", password), nil)
		if (e.status == http.StatusOK) != asked || !asked && memberOf(t, e.body, "error") != "unauthorized_client" {
			t.Errorf("%s: %d %s", id, e.status, e.body)
		}
	}
}

// H4 (RFC 9700 sections 2.2.2, 4.14.2): a public client that an operator makes in
// a realm made here rotates: a used token ends its family.
func TestH4_APublicClientMadeHereRotates(t *testing.T) {
	t.Parallel()
	w := startWith(t, apptest.Options{Clock: apptest.NewStillClock()})
	w.order(t, "POST", api.AdminClients, api.NewClient{ClientID: "new", Kind: api.KindPublic, DirectAccessGrants: true}, "platform")
	first := w.login(t, "platform", "new", user, password)
	use := func(token string) *exchange { return w.post(t, tokenPath, refresh("new", token), nil) }
	second := memberOf(t, use(first.Refresh).body, "refresh_token")
	third := memberOf(t, use(second).body, "refresh_token")
	w.clock.Advance(time.Minute)
	if e := use(first.Refresh); e.status != http.StatusBadRequest {
		t.Errorf("a used token: %d %s", e.status, e.body)
	}
	if e := use(third); e.status != http.StatusBadRequest {
		t.Errorf("the family lives: %d %s", e.status, e.body)
	}
}

// J20 (ASVS 15.3.3, 15.3.7): an operator's order with a member that nobody
// knows, or one twice, is refused and changes nothing.
func TestJ20_OrdersHaveNoOtherMembers(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"sslRequired": "none"`))
	for _, body := range []string{
		`{"username": "new", "admin": true}`, `{"username": "new", "id": "x"}`, `{"username": "new", "password_hash": "x"}`, `{"username": "new", "Username": "other"}`,
		`{"username": "new", "username": "other"}`, `[{"username": "new"}]`, `{"username": "new"} {}`, `{"username": ["new"]}`, `{"username": "new"`,
	} {
		if e := w.send(t, "POST", api.AdminUsers, body, "platform"); e.status/100 != 4 {
			t.Errorf("%s: %d %s", body, e.status, e.body)
		}
	}
	if shown := string(w.order(t, "GET", api.AdminUsers, nil, "platform")); strings.Contains(shown, `"new"`) || strings.Contains(shown, `"other"`) {
		t.Errorf("somebody was made: %s", shown)
	}
}
