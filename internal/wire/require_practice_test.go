package wire

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// routes are the paths of the public listener, one of each kind.
func (w *world) routes() []string {
	paths := []string{"/", "/v1/vms", "/v1/vms/", "/v1/vms/5", "/v1/openapi", "/v1/vms/auth/login", "/v1/vms/auth/refresh/5", "/.well-known/webfinger",
		"/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server/auth/realms/platform", "/errors/wrong_credentials", "/nothing"}
	for _, base := range []string{"/auth/realms/platform", "/realms/platform"} {
		for _, rest := range []string{"", "/", "/.well-known/openid-configuration", "/account", "/protocol/openid-connect/certs", "/protocol/openid-connect/token",
			"/protocol/openid-connect/token/introspect", "/protocol/openid-connect/userinfo", "/protocol/openid-connect/logout", "/protocol/openid-connect/revoke", "/protocol/openid-connect/auth"} {
			paths = append(paths, base+rest)
		}
	}
	return paths
}

// evil are addresses by which servers have been made to send people elsewhere.
func evil() []string {
	var all []string
	for _, host := range []string{"//evil.example.org", `/\evil.example.org`, `\\evil.example.org`, "https://evil.example.org", "https:evil.example.org", "///evil.example.org/%2f..",
		"/%09/evil.example.org", "/%5cevil.example.org", "https://app.example.org@evil.example.org", "https://app.example.org.evil.example.org", "javascript:alert(1)", "data:text/html,x"} {
		for _, suffix := range []string{"", "/", "/..;/", "%2f%2e%2e", "#", "?x=", "/%0d%0aLocation:%20//evil.example.org", "\t", "%00"} {
			all = append(all, host+suffix)
		}
	}
	return append(all, slices.Repeat([]string{"/..;/", "/%2e%2e/", "/./", "//"}, 25)...)
}

// H2 (RFC 9700 section 2.1): no endpoint sends anybody anywhere, whatever
// addresses stand in its path, its parameters or its headers.
func TestH2_NothingRedirects(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	payloads := evil()
	if len(payloads) < 200 {
		t.Fatalf("only %d payloads", len(payloads))
	}
	routes := w.routes()
	for i, p := range payloads {
		route := routes[i%len(routes)]
		q := form("redirect_uri", p, "post_logout_redirect_uri", p, "resource", p, "next", p, "state", p, "client_id", "anonymous", "response_type", "code")
		header := http.Header{"Referer": {"https://evil.example.org/"}, "X-Forwarded-Host": {"evil.example.org"}, "X-Original-Url": {"//evil.example.org"}}
		var answers []*exchange
		for _, method := range []string{"GET", "POST", "HEAD"} {
			answers = append(answers, w.do(t, method, route+"?"+q, "", header))
		}
		if path := strings.TrimSpace(strings.ReplaceAll(p, "\t", "")); strings.HasPrefix(path, "/") {
			answers = append(answers, w.do(t, "GET", path, "", header), w.do(t, "GET", route+path, "", header))
		}
		for _, e := range answers {
			if e.status/100 == 3 || e.header.Get("Location") != "" || e.header.Get("Refresh") != "" || strings.Contains(strings.ToLower(string(e.body)), "http-equiv") {
				t.Errorf("%s with %q: %d %v", route, p, e.status, e.header)
			}
		}
	}
}

// H3 (RFC 9700 section 2.1.2): a token is only ever in the body of the answer to
// whoever asked with credentials: never in a Location, a cookie or a page.
func TestH3_NoTokenThroughTheBrowser(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, body := range []string{passwordGrant(user, password) + "&response_mode=fragment&redirect_uri=https://app.example.org/", passwordGrant(user, password) + "&response_mode=form_post"} {
		e := w.post(t, tokenPath, body, nil)
		access := memberOf(t, e.body, "access_token")
		if e.status != http.StatusOK || access == "" || e.header.Get("Content-Type") != "application/json" || strings.Contains(fmt.Sprint(e.header), "eyJ") {
			t.Errorf("%d %v", e.status, e.header)
		}
		page := w.do(t, "GET", "/v1/vms", "", bearer(access+"x"))
		if strings.Contains(string(page.body)+fmt.Sprint(page.header), access) {
			t.Errorf("the error page repeats the token: %s", page.body)
		}
	}
}

// H4 (RFC 9700 sections 2.2.2, 4.14.2): in a realm made here public clients
// rotate with detection of reuse, "anonymous" does not, and what a realm file
// says holds.
func TestH4_WhoRotates(t *testing.T) {
	t.Parallel()
	w := startWith(t, apptest.Options{Clock: apptest.NewStillClock()})
	first := w.login(t, "platform", "anonymous", user, password)
	w.refreshed(t, "platform", w.refreshed(t, "platform", first.Refresh).Refresh)
	w.clock.Advance(time.Minute)
	w.refreshed(t, "platform", first.Refresh)

	w = start(t, defaultRealm)
	stolen := w.login(t, "rotating", "anonymous", user, password)
	next := w.refreshed(t, "rotating", w.refreshed(t, "rotating", stolen.Refresh).Refresh)
	w.clock.Advance(time.Minute)
	w.refusesRefresh(t, "rotating", stolen.Refresh, "Stale token")
	w.refusesRefresh(t, "rotating", next.Refresh, "Session doesn't have required client")
	if s := w.vms(t, next.Access); s != http.StatusUnauthorized {
		t.Errorf("the access token of a stolen family: %d", s)
	}
}

// H5 (RFC 9700 section 2.3): access tokens name the API as their audience, and
// the API refuses those that do not.
func TestH5_TheAPITakesTokensMadeForIt(t *testing.T) {
	t.Parallel()
	w := start(t, "["+realmWith("platform", `"sslRequired": "none"`)+","+realmWith("elsewhere", `"attributes": {"usher.video.audience": "false"}`)+"]")
	for realm, status := range map[string]int{"platform": 200, "elsewhere": 401} {
		got := w.login(t, realm, "anonymous", user, password)
		if s := w.vms(t, got.Access); s != status || strings.Contains(fmt.Sprint(claimsOf(t, got.Access)["aud"]), "video-api") != (status == 200) {
			t.Errorf("%s: %d, aud %v", realm, s, claimsOf(t, got.Access)["aud"])
		}
	}
}

// H6 (RFC 9700 section 2.4): a client without the switch has no password grant,
// and discovery names the grant only where some client has it.
func TestH6_ThePasswordGrantIsNamedWhereSomeClientHasIt(t *testing.T) {
	t.Parallel()
	without := strings.ReplaceAll(realmWith("without", `"sslRequired": "none"`), `"directAccessGrantsEnabled": true`, `"directAccessGrantsEnabled": false`)
	w := start(t, "["+realmWith("platform", `"sslRequired": "none"`)+","+without+"]")
	for realm, offered := range map[string]bool{"platform": true, "without": false} {
		e := w.post(t, w.protocol(realm, "token"), passwordGrant(user, password), nil)
		if named := slices.Contains(listed(t, w.discovery(t, realm), "grant_types_supported"), "password"); named != offered || (e.status == http.StatusOK) != offered {
			t.Errorf("%s: named %v, %d %s", realm, named, e.status, e.body)
		}
		if code := memberOf(t, e.body, "error"); !offered && code != "unauthorized_client" {
			t.Errorf("%s: %s", realm, e.body)
		}
	}
}

// H9 (RFC 9700 section 4.2.4): pages load nothing from elsewhere, and tell nobody
// where they were.
func TestH9_PagesLoadNothing(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	pages := 0
	for _, path := range w.routes() {
		e := w.do(t, "GET", path, "", http.Header{"Accept": {"text/html"}})
		if e.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, e.header)
		}
		if !strings.HasPrefix(e.header.Get("Content-Type"), "text/html") {
			continue
		}
		pages++
		for _, loads := range []string{"src=", "<link", "<script", "<iframe", "@import", "url("} {
			if strings.Contains(string(e.body), loads) {
				t.Errorf("%s has %s: %s", path, loads, e.body)
			}
		}
	}
	if pages == 0 {
		t.Error("no page was seen")
	}
}

// H10 (RFC 9700 section 4.12): no answer to a request with credentials is a
// redirect that would send them on.
func TestH10_CredentialsAreNotSentOn(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range w.routes() {
		for _, spelled := range []string{path, path + "/", "/" + path, strings.Replace(path, "/", "/./", 1), path + "?"} {
			if e := w.post(t, spelled, passwordGrant(user, password), nil); e.status/100 == 3 {
				t.Errorf("%s: %d %s", spelled, e.status, e.header.Get("Location"))
			}
		}
	}
}

// H11 (RFC 9700 section 4.13): headers of proxies count only from listed peers:
// what another peer states changes neither the address of an event nor whether
// the call came by https.
func TestH11_OnlyListedProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	lies := http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=203.0.113.9;proto=https"}, "X-Real-Ip": {"203.0.113.9"}}
	w := start(t, realmWith("platform", `"sslRequired": "all"`))
	if e := w.post(t, tokenPath, passwordGrant(user, password), lies); e.status != http.StatusForbidden {
		t.Errorf("https was believed: %d %s", e.status, e.body)
	}
	for _, believed := range []bool{false, true} {
		w := start(t, realmWith("platform", `"sslRequired": "none"`))
		if believed {
			w = behindProxy(t, realmWith("platform", `"sslRequired": "all"`))
		}
		w.post(t, tokenPath, passwordGrant(user, "wrong"), lies)
		var address string
		if err := w.database(t).QueryRowContext(t.Context(), "select address from event where type = 'LOGIN_ERROR'").Scan(&address); err != nil {
			t.Fatal(err)
		}
		if (address == "203.0.113.9") != believed {
			t.Errorf("believed %v: the event names %s", believed, address)
		}
	}
}

// H12 (RFC 9700 section 4.16): no page can be framed, error pages included.
func TestH12_NothingIsFramed(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range w.routes() {
		e := w.do(t, "GET", path, "", http.Header{"Accept": {"text/html"}})
		page := strings.HasPrefix(e.header.Get("Content-Type"), "text/html")
		if e.header.Get("X-Frame-Options") == "" || page && !strings.Contains(e.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d %v", path, e.status, e.header)
		}
	}
}

// H13 (RFC 9700 section 4.15): a service account is nobody's login: its sub is no
// person's, its name opens nothing with a password, and a client cannot be
// called as a user is.
func TestH13_ServiceAccountsAreNoPeople(t *testing.T) {
	t.Parallel()
	w := startWith(t, apptest.Options{Clock: apptest.NewStillClock(), Config: func(c *app.Config) { c.APIRateLimit = 0 }, Realm: strings.Replace(defaultRealm,
		`{"clientId": "backend",`, `{"clientId": "user@example.org", "publicClient": false, "secret": "another", "serviceAccountsEnabled": true}, {"clientId": "backend",`, 1)})
	person := claimsOf(t, w.login(t, "platform", "anonymous", user, password).Access)
	e := w.post(t, tokenPath, form("grant_type", "client_credentials", "client_id", user, "client_secret", "another"), nil)
	account := claimsOf(t, memberOf(t, e.body, "access_token"))
	if account["sub"] == person["sub"] || account["sub"] == user || account["preferred_username"] == person["preferred_username"] || account["email"] == person["email"] && account["email"] != nil {
		t.Errorf("%v looks like %v", account, person)
	}
	for _, name := range []string{"service-account-" + user, "service-account-confidential"} {
		for _, secret := range []string{"", "another", clientSecret} {
			if got := w.guess(t, name, secret, nil); got != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d", name, secret, got)
			}
		}
	}
}
