package wire

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// usualNames and usualPasswords are what a scanner tries first.
var (
	usualNames     = []string{"admin", "administrator", "root", "user", "test", "guest", "keycloak", "usher", "operator", "demo"}
	usualPasswords = []string{"", "admin", "password", "123456", "changeme", "root", "secret", "usher", "test", "default"}
)

// J3 (ASVS 6.3.2): a fresh installation has no account: it has not even a realm,
// is not ready, and a hundred usual pairs open nothing.
func TestJ3_NoDefaultAccount(t *testing.T) {
	t.Parallel()
	w := bare(t)
	e := w.ask(t, w.Management+"/health/ready")
	if e.status != http.StatusServiceUnavailable {
		t.Errorf("without a realm: %d %s", e.status, e.body)
	}
	built := startWith(t, apptest.Options{Clock: apptest.NewStillClock()})
	for _, name := range usualNames {
		for _, password := range usualPasswords {
			for _, realm := range []string{"platform", "master"} {
				if e := w.post(t, w.protocol(realm, "token"), passwordGrant(name, password), nil); e.status != http.StatusNotFound {
					t.Errorf("%s, %q in no realm: %d %s", name, password, e.status, e.body)
				}
			}
		}
	}
	for i, name := range usualNames {
		if e := built.post(t, tokenPath, passwordGrant(name, usualPasswords[i]), nil); e.status != http.StatusUnauthorized {
			t.Errorf("%s in the built-in realm: %d %s", name, e.status, e.body)
		}
	}
}

// bare is an Usher over a fresh folder, before anything was imported.
func bare(t *testing.T) *world {
	t.Helper()
	clock := apptest.NewStillClock()
	a, err := app.New(t.Context(), app.Config{Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), MasterKey: make([]byte, 32)}, app.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &world{Usher: &apptest.Usher{App: a, Clock: clock, URL: a.PublicURL(), Management: a.ManagementURL()}, base: a.PublicURL(), clock: clock, client: &http.Client{}}
}

// ask gets an absolute URL.
func (w *world) ask(t *testing.T, url string) *exchange {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return exchangeOf(t, w, q)
}

// J4 (ASVS 6.3.4): the password grant and the JSON login share one count and one
// set of rules: who is locked, disabled or not set up at one is so at the other.
func TestJ4_BothLoginsHaveTheSameRules(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, c := range [][2]string{{user, password}, {user, "wrong"}, {"unknown", "x"}, {"disabled", password}, {"waiting", password}, {"nobody", "x"}} {
		grant := w.post(t, tokenPath, passwordGrant(c[0], c[1]), nil)
		legacy := w.do(t, "POST", "/v1/vms/auth/login", fmt.Sprintf(`{"username":%q,"password":%q}`, c[0], c[1]), http.Header{"Content-Type": {"application/json"}})
		if (grant.status == 200) != (legacy.status == 200) || grant.status != 200 && memberOf(t, grant.body, "error_description") != memberOf(t, legacy.body, "message") {
			t.Errorf("%s: %d %s, %d %s", c[0], grant.status, grant.body, legacy.status, legacy.body)
		}
	}
	for i := range 9 {
		w.do(t, "POST", "/v1/vms/auth/login", fmt.Sprintf(`{"username":"other","password":"wrong %d"}`, i), nil)
	}
	w.clock.Advance(30 * time.Second) // for the address
	w.guess(t, "other", "wrong again", nil)
	if got := w.guess(t, "other", " ;%26+&=\t😀 blanks around ", nil); got != http.StatusUnauthorized {
		t.Errorf("the right password after ten failures at both: %d", got)
	}
}

// J7 (ASVS 7.2.1 to 7.2.4): every login has a session of its own with a random
// id, and knowing the id opens nothing.
func TestJ7_SessionsAreNewAndTheirIdsNoSecret(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	seen := map[string]bool{}
	for range 20 {
		got := w.login(t, "platform", "anonymous", user, password)
		if len(got.SessionState) != 36 || seen[got.SessionState] {
			t.Fatalf("session %q", got.SessionState)
		}
		seen[got.SessionState] = true
		for name, e := range w.present(t, got.SessionState) {
			if e.status == http.StatusOK && !strings.Contains(string(e.body), "false") && !strings.Contains(string(e.body), "invalid_token") {
				t.Errorf("the session's id opens %s: %s", name, e.body)
			}
		}
	}
}

// J8 (ASVS 7.3.1, 7.3.2, 10.4.8): idle and absolute limits hold together:
// refreshing every 299 s does not pass the maximum, and refresh_expires_in
// shrinks towards it.
func TestJ8_RefreshingDoesNotPassTheMaximum(t *testing.T) {
	t.Parallel()
	for _, rotating := range []string{"false", "true"} {
		w := start(t, realmWith("platform", `"ssoSessionIdleTimeout": 1800, "ssoSessionMaxLifespan": 3600, "revokeRefreshToken": `+rotating))
		got := w.login(t, "platform", "anonymous", user, password)
		last, passed := 1801.0, 0
		for range 13 {
			w.clock.Advance(299 * time.Second)
			e := w.post(t, tokenPath, refresh("anonymous", got.Refresh), nil)
			if e.status != http.StatusOK {
				break
			}
			passed++
			answer := objectOf(t, e.body)
			if left := answer["refresh_expires_in"].(float64); left > last || left > 3600-299*float64(passed) {
				t.Errorf("refresh %d: %v s left, before %v", passed, left, last)
			} else {
				last = left
			}
			got.Refresh = answer["refresh_token"].(string)
		}
		if passed != 12 { // 12 × 299 s are 3,588 s
			t.Errorf("rotating %s: %d refreshes passed in an hour", rotating, passed)
		}
	}
}

// J16 (ASVS 3.3, 3.4): every answer forbids to guess its type, pages have a
// policy that allows nothing, and over https the browser is told to stay there
// for a year.
func TestJ16_HeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	w := behindProxy(t, realmWith("platform", `"sslRequired": "none"`))
	for _, proto := range []string{"http", "https"} {
		for _, path := range w.routes() {
			e := w.do(t, "GET", path, "", http.Header{"X-Forwarded-Proto": {proto}, "X-Forwarded-For": {"203.0.113.9"}, "Accept": {"text/html"}})
			hsts, page := e.header.Get("Strict-Transport-Security"), strings.HasPrefix(e.header.Get("Content-Type"), "text/html")
			if e.header.Get("X-Content-Type-Options") != "nosniff" || (proto == "https") != strings.HasPrefix(hsts, "max-age=31536000") || e.header.Get("Set-Cookie") != "" {
				t.Errorf("%s by %s: %v", path, proto, e.header)
			}
			if policy := e.header.Get("Content-Security-Policy"); page && (!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "base-uri 'none'")) {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
	}
}

// J19 (ASVS 13.4): the public port has no TRACE, no profiles, no metrics, no
// health, and tells no version.
func TestJ19_ThePublicPortTellsNothingOfItself(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range []string{"/metrics", "/health", "/health/ready", "/debug/pprof/", "/debug/vars", "/.git/config", "/.env", "/server-status", "/auth/admin/realms", "/admin/realms", "/realms"} {
		if e := w.do(t, "GET", path, "", nil); e.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, e.status, e.body)
		}
	}
	for _, path := range w.routes() {
		e := w.do(t, "TRACE", path, "", http.Header{"X-Canary": {"canary"}})
		if e.status < 400 || strings.Contains(string(e.body), "canary") || e.header.Get("Server") != "" || e.header.Get("X-Powered-By") != "" {
			t.Errorf("TRACE %s: %d %v %s", path, e.status, e.header, e.body)
		}
	}
}

// J20 (ASVS 15.3.3, 15.3.7): a parameter sent twice is refused, and a member or
// parameter that names a privilege gives none.
func TestJ20_NothingIsAssignedByTheWay(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	if e := w.post(t, tokenPath, passwordGrant(user, password)+"&username=other", nil); e.status != http.StatusBadRequest {
		t.Errorf("two users: %d %s", e.status, e.body)
	}
	plain := claimsOf(t, w.login(t, "platform", "anonymous", user, password).Access)
	more := form("sub", "other", "roles", "admin", "realm_access", `{"roles":["admin"]}`, "aud", "other", "exp", "9999999999", "preferred_username", "admin", "emailVerified", "true")
	got := claimsOf(t, w.tokens(t, "platform", passwordGrant(user, password)+"&"+more).Access)
	for _, name := range []string{"sub", "aud", "realm_access", "resource_access", "preferred_username", "scope", "azp", "exp"} {
		if fmt.Sprint(plain[name]) != fmt.Sprint(got[name]) {
			t.Errorf("%s became %v", name, got[name])
		}
	}
	e := w.do(t, "POST", "/v1/vms/auth/login", `{"username":"user@example.org","password":"an example password","sub":"other","client_id":"confidential","videoManager":319}`, http.Header{"Content-Type": {"application/json"}})
	if claims := claimsOf(t, memberOf(t, e.body, "accessToken")); claims["sub"] != plain["sub"] || claims["azp"] != "anonymous" {
		t.Errorf("%v", claims)
	}
}

// J21 (ASVS 15.4.2, 2.3.4): what is checked and acted upon is one step: of many
// refreshes at once one rotates, and of many guesses at once no more than ten
// are judged.
func TestJ21_CheckAndActAreOneStep(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	first := w.login(t, "rotating", "anonymous", user, password)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			if e := w.post(t, w.protocol("rotating", "token"), refresh("anonymous", first.Refresh), nil); e.status != http.StatusOK {
				t.Errorf("refresh: %d %s", e.status, e.body)
			}
		})
		group.Go(func() { w.guess(t, "other", fmt.Sprint("wrong ", i), nil) })
	}
	group.Wait()
	var gen, rows int
	if err := w.database(t).QueryRowContext(t.Context(), "select max(gen), count(*) from token_family").Scan(&gen, &rows); err != nil || gen != 1 || rows != 1 {
		t.Errorf("generation %d of %d families, %v", gen, rows, err)
	}
	if n := w.judged(t); n > 10 {
		t.Errorf("%v guesses were judged", n)
	}
}

// J22 (ASVS 16.2 to 16.5): each failed authentication and each refusal of a
// token that is somebody's leaves one event of its kind, with the client and
// without a secret, and its id is the answer's error_id.
func TestJ22_RefusalsLeaveEvents(t *testing.T) {
	t.Parallel()
	w := startWith(t, apptest.Options{Realm: defaultRealm, Clock: apptest.NewStillClock(), Config: func(c *app.Config) { c.APIRateLimit = 0 }})
	ended := w.login(t, "platform", "anonymous", user, password)
	w.post(t, w.protocol("platform", "logout"), form("client_id", "anonymous", "refresh_token", ended.Refresh), nil)
	const canary = "a canary that must not be kept"
	for _, c := range []struct{ body, kind, fault string }{
		{passwordGrant(user, canary), "LOGIN_ERROR", "invalid_user_credentials"},
		{passwordGrant("unknown", canary), "LOGIN_ERROR", "user_not_found"},
		{passwordGrant("disabled", password), "LOGIN_ERROR", "user_disabled"},
		{passwordGrant("waiting", password), "LOGIN_ERROR", "resolve_required_actions"},
		{form("client_id", "confidential", "client_secret", canary, "grant_type", "client_credentials"), "CLIENT_LOGIN_ERROR", "invalid_client_credentials"},
		{refresh("anonymous", ended.Refresh), "REFRESH_TOKEN_ERROR", ""},
	} {
		before := len(w.events(t, ""))
		e := w.post(t, tokenPath, c.body, nil)
		all := w.events(t, "")
		if len(all) != before+1 || e.status < 400 {
			t.Errorf("%s: %d events for %d %s", c.kind, len(all)-before, e.status, e.body)
			continue
		}
		ev := all[before]
		if ev.kind != c.kind || c.fault != "" && ev.fault != c.fault || strings.Contains(fmt.Sprint(ev), canary) || strings.Contains(fmt.Sprint(ev), password) {
			t.Errorf("event %+v, want %s %s", ev, c.kind, c.fault)
		}
		var id string
		if err := w.database(t).QueryRowContext(t.Context(), "select id from event order by seq desc limit 1").Scan(&id); err != nil || id != memberOf(t, e.body, "error_id") {
			t.Errorf("%s: event %s, %v; answer %s", c.kind, id, err, e.body)
		}
	}
	kinds := []string{}
	for _, ev := range w.events(t, "") {
		kinds = append(kinds, ev.kind)
	}
	if !slices.Contains(kinds, "LOGIN") || !slices.Contains(kinds, "LOGOUT") || strings.Contains(w.Log(), canary) {
		t.Errorf("events %v", kinds)
	}
}
