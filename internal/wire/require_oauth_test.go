package wire

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A1 (RFC 6749 section 3.2): the token endpoint takes POST with a form and
// nothing else: other methods are 405 with Allow, other bodies an OAuth error
// with a hint.
func TestA1_TokenEndpointTakesFormPostsOnly(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
		e := w.do(t, method, tokenPath, "", nil)
		if e.status != http.StatusMethodNotAllowed || !strings.Contains(e.header.Get("Allow"), "POST") {
			t.Errorf("%s: %d %v", method, e.status, e.header)
		}
	}
	for media, body := range map[string]string{
		"application/json": `{"grant_type":"password"}`, "text/plain": "grant_type=password", "application/xml": "<a/>",
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\npassword\r\n--x--\r\n",
	} {
		e := w.do(t, "POST", tokenPath, body, http.Header{"Content-Type": {media}})
		if e.status != http.StatusUnsupportedMediaType || memberOf(t, e.body, "error") != "invalid_request" ||
			!strings.Contains(memberOf(t, e.body, "error_hint"), "application/x-www-form-urlencoded") {
			t.Errorf("%s: %d %s", media, e.status, e.body)
		}
	}
	for _, media := range []string{"application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-URLencoded"} {
		if e := w.do(t, "POST", tokenPath, passwordGrant(user, password), http.Header{"Content-Type": {media}}); e.status != http.StatusOK {
			t.Errorf("%s: %d %s", media, e.status, e.body)
		}
	}
}

// A2 (RFC 6749 sections 3.1, 3.2): unknown parameters are ignored, an empty
// value counts as absent, and a known parameter sent twice is invalid_request.
func TestA2_ParametersUnknownEmptyAndTwice(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	good := passwordGrant(user, password)
	for name, body := range map[string]string{
		"unknown":         good + "&response_type=token&state=x&nonce=y&%F0%9F%98%80=1",
		"empty":           good + "&client_secret=&redirect_uri=&code=",
		"an empty scope":  strings.Replace(good, "scope=openid", "scope=", 1),
		"without a value": good + "&code_verifier",
	} {
		if e := w.post(t, tokenPath, body, nil); e.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
	absent := w.post(t, tokenPath, strings.Replace(good, "grant_type=password", "grant_type=", 1), nil)
	if memberOf(t, absent.body, "error_description") != "Missing form parameter: grant_type" {
		t.Errorf("an empty grant_type: %d %s", absent.status, absent.body)
	}
	for _, name := range []string{"grant_type=password", "client_id=anonymous", "username=x", "password=x", "scope=openid", "refresh_token=x", "client_secret=", "%75sername=x"} {
		e := w.post(t, tokenPath, good+"&refresh_token=x&client_secret=&"+name, nil)
		if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_request" {
			t.Errorf("%s twice: %d %s", name, e.status, e.body)
		}
	}
}

// A3 (RFC 6749 sections 2.3, 2.3.1): a secret works by Basic, form-decoded
// after base64, and by form. Both may name one client, and the form wins; two
// clients are refused. A failed Basic attempt is 401 without a challenge, at
// which a browser would ask its user for a password.
func TestA3_SecretsByBasicAndByForm(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	grant := form("grant_type", "client_credentials")
	named := grant + "&" + form("client_id", "confidential", "client_secret", clientSecret)
	for name, c := range map[string]struct {
		body, basic string
		status      int
		code        string
	}{
		"Basic":                 {grant, basic("confidential", clientSecret), 200, ""},
		"form":                  {named, "", 200, ""},
		"both, the form right":  {named, basic("confidential", "wrong"), 200, ""},
		"both, the form wrong":  {grant + "&client_id=confidential&client_secret=x", basic("confidential", clientSecret), 401, "unauthorized_client"},
		"two clients":           {named, basic("backend", "another"), 400, "invalid_request"},
		"Basic, a wrong secret": {grant, basic("confidential", "wrong"), 401, "unauthorized_client"},
		"Basic, an unknown one": {grant, basic("nobody", "wrong"), 401, "invalid_client"},
		"Basic, no base64":      {grant, "%%%", 401, "invalid_client"},
	} {
		header := http.Header{}
		if c.basic != "" {
			header.Set("Authorization", "Basic "+c.basic)
		}
		e := w.post(t, tokenPath, c.body, header)
		if e.status != c.status || memberOf(t, e.body, "error") != c.code {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
		if challenge := e.header.Get("WWW-Authenticate"); challenge != "" {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

// A4 (RFC 6749 section 3.2.1): a public client names itself; a confidential one
// without its proof is refused by every grant and every endpoint.
func TestA4_ConfidentialClientsProveThemselvesEverywhere(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	for name, c := range map[string][2]string{
		"password":           {"token", form("grant_type", "password", "username", user, "password", password)},
		"refresh":            {"token", form("grant_type", "refresh_token", "refresh_token", got.Refresh)},
		"client credentials": {"token", form("grant_type", "client_credentials")},
		"introspect":         {"token/introspect", form("token", got.Access)},
		"revoke":             {"revoke", form("token", got.Refresh)},
		"logout":             {"logout", form("refresh_token", got.Refresh)},
	} {
		for _, proof := range []string{"", "&client_secret=", "&client_secret=wrong"} {
			e := w.post(t, w.protocol("platform", c[0]), c[1]+"&client_id=confidential"+proof, nil)
			if e.status != http.StatusUnauthorized || strings.Contains(string(e.body), "token\":") {
				t.Errorf("%s with %q: %d %s", name, proof, e.status, e.body)
			}
		}
		if e := w.post(t, w.protocol("platform", c[0]), c[1], nil); e.status != http.StatusUnauthorized {
			t.Errorf("%s of nobody: %d %s", name, e.status, e.body)
		}
	}
	if s := w.vms(t, got.Access); s != http.StatusOK {
		t.Errorf("the session suffered: %d", s)
	}
}

// A5 (RFC 6749 section 4.3.2): without a user name the grant is
// invalid_request, without a password or with a wrong one invalid_grant, and
// that in one body whatever the reason.
func TestA5_OneBodyForEveryWrongLogin(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "password", "password", password), nil)
	if e.status != http.StatusUnauthorized || memberOf(t, e.body, "error") != "invalid_request" {
		t.Errorf("no user name: %d %s", e.status, e.body)
	}
	for _, wrong := range []string{"", "x", strings.Repeat("x", 2000)} {
		first := ""
		for _, name := range []string{user, "unknown", "nobody", "disabled", "waiting"} {
			e := w.post(t, tokenPath, passwordGrant(name, wrong), nil)
			body := withoutID(t, e)
			if first == "" {
				first = body
			}
			if e.status != http.StatusUnauthorized || memberOf(t, e.body, "error") != "invalid_grant" || body != first {
				t.Errorf("%s with %.5q: %d %s", name, wrong, e.status, e.body)
			}
		}
	}
}

// A8 (RFC 6749 section 5.1): every answer of the token endpoint, errors too, is
// marked as not to be stored.
func TestA8_NoAnswerIsStored(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for name, e := range map[string]*exchange{
		"success":         w.post(t, tokenPath, passwordGrant(user, password), nil),
		"wrong password":  w.post(t, tokenPath, passwordGrant(user, "x"), nil),
		"unknown client":  w.post(t, tokenPath, form("client_id", "x", "grant_type", "password"), nil),
		"bad form":        w.post(t, tokenPath, "a=%zz", nil),
		"method":          w.do(t, "GET", tokenPath, "", nil),
		"media type":      w.do(t, "POST", tokenPath, "{}", http.Header{"Content-Type": {"application/json"}}),
		"too large":       w.post(t, tokenPath, strings.Repeat("a", 70_000), nil),
		"unknown realm":   w.post(t, w.protocol("nowhere", "token"), passwordGrant(user, password), nil),
		"disabled realm":  w.post(t, w.protocol("closed", "token"), passwordGrant(user, password), nil),
		"unknown grant":   w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", "x"), nil),
		"invalid refresh": w.post(t, tokenPath, refresh("anonymous", "x"), nil),
	} {
		if e.header.Get("Cache-Control") != "no-store" || e.header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %d %v", name, e.status, e.header)
		}
	}
}

// A9 (RFC 6749 section 5.1): token_type, expires_in and scope are always there,
// and expires_in is never longer than what is left of the token's life.
func TestA9_AnswersTellTypeLifeAndScope(t *testing.T) {
	t.Parallel()
	w := start(t, realmWith("platform", `"accessTokenLifespan": 300, "ssoSessionIdleTimeout": 3600, "ssoSessionMaxLifespan": 700`))
	got := w.login(t, "platform", "anonymous", user, password)
	for range 8 {
		e := w.post(t, tokenPath, refresh("anonymous", got.Refresh), nil)
		answer := objectOf(t, e.body)
		left := claimsOf(t, answer["access_token"].(string))["exp"].(float64) - float64(w.clock.Now().Unix())
		if answer["token_type"] != "bearer" || answer["scope"] == nil || answer["expires_in"].(float64) > left || left < 0 || left > 300 {
			t.Errorf("%v left of %v", left, answer)
		}
		w.clock.Advance(99 * 1e9)
	}
}

// registered are the error codes of RFC 6749, 6750, 7009 and 8628 that the
// token endpoint may use.
var registered = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
	"invalid_scope", "access_denied", "temporarily_unavailable", "server_error", "unsupported_token_type", "invalid_token"}

var descriptive = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`)

// A10 (RFC 6749 section 5.2): errors have registered codes, and a description
// of no byte but those the standard allows, whatever was sent.
func TestA10_ErrorsAreOfTheRegisteredKinds(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	names := []string{"grant_type", "client_id", "client_secret", "username", "password", "scope", "refresh_token", "token", "token_type_hint", "x\n\"y"}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"password", "refresh_token", "anonymous", "confidential", "openid", "\"\\\r\n", "\xff\x00", "é\u2028"}))
	endpoints := []string{"token", "token/introspect", "revoke", "logout"}
	rapid.Check(t, func(r *rapid.T) {
		var pairs []string
		for range rapid.IntRange(0, 6).Draw(r, "fields") {
			pairs = append(pairs, rapid.SampledFrom(names).Draw(r, "name"), text.Draw(r, "value"))
		}
		e := w.post(t, w.protocol("platform", rapid.SampledFrom(endpoints).Draw(r, "endpoint")), form(pairs...), nil)
		if e.status < 400 || e.status >= 500 {
			return
		}
		said := objectOf(t, e.body)
		code, _ := said["error"].(string)
		description, _ := said["error_description"].(string)
		if !slices.Contains(registered, code) || !descriptive.MatchString(description) {
			r.Fatalf("%d %s", e.status, e.body)
		}
	})
}

// A11 (RFC 6749 section 6): a refresh token works only for the client it was
// issued to; another one's attempt is invalid_grant, leaves an event, and
// leaves the token as good as it was.
func TestA11_RefreshTokensAreBoundToTheirClient(t *testing.T) {
	t.Parallel()
	w := start(t, strings.Replace(defaultRealm, `"loginWithEmailAllowed": true`, `"loginWithEmailAllowed": true, "revokeRefreshToken": true`, 1))
	got := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	for i, as := range []string{"client_id=anonymous", asBackend[:len(asBackend)-1]} {
		e := w.post(t, tokenPath, as+"&"+form("grant_type", "refresh_token", "refresh_token", got.Refresh), nil)
		if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_grant" {
			t.Errorf("%s: %d %s", as, e.status, e.body)
		}
		if ev := w.events(t, "REFRESH_TOKEN_ERROR"); len(ev) != i+1 {
			t.Errorf("%s: events %+v", as, ev)
		}
	}
	if gen := claimsOf(t, w.tokens(t, "platform", form("client_id", "confidential", "client_secret", clientSecret,
		"grant_type", "refresh_token", "refresh_token", got.Refresh)).Refresh)["gen"]; fmt.Sprint(gen) != "1" {
		t.Errorf("its own client's refresh is generation %v", gen)
	}
}

// A12 (RFC 6749 section 6): a narrower scope at a refresh narrows the access
// token only, the new refresh token keeps what was granted, and a broader one
// is invalid_scope.
func TestA12_ScopeAtARefresh(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, realm := range []string{"platform", "rotating"} {
		path := w.protocol(realm, "token")
		login := objectOf(t, w.post(t, path, passwordGrant(user, password, "openid", "phone"), nil).body)
		narrow := objectOf(t, w.post(t, path, refresh("anonymous", login["refresh_token"].(string))+"&scope=openid", nil).body)
		if scope := claimsOf(t, narrow["access_token"].(string))["scope"]; strings.Contains(fmt.Sprint(scope), "phone") || !strings.Contains(fmt.Sprint(login["scope"]), "phone") {
			t.Errorf("%s: the narrowed access token has %v of %v", realm, scope, login["scope"])
		}
		granted := claimsOf(t, login["refresh_token"].(string))["scope"]
		if kept := claimsOf(t, narrow["refresh_token"].(string))["scope"]; kept != granted {
			t.Errorf("%s: the refresh token has %v of %v", realm, kept, granted)
		}
		e := w.post(t, path, refresh("anonymous", narrow["refresh_token"].(string))+"&scope=openid+phone+address", nil)
		if e.status != http.StatusBadRequest || memberOf(t, e.body, "error") != "invalid_scope" {
			t.Errorf("%s: broader: %d %s", realm, e.status, e.body)
		}
		again := objectOf(t, w.post(t, path, refresh("anonymous", narrow["refresh_token"].(string)), nil).body)
		if again["scope"] != login["scope"] {
			t.Errorf("%s: afterwards %v, at login %v", realm, again["scope"], login["scope"])
		}
	}
}
