package wire

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// B1 (RFC 6750 section 2.1): the API takes a token in the Authorization header,
// the scheme in any case, and not in the query or in a body.
func TestB1_TokensComeInTheHeader(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEARER"} {
		if e := w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {scheme + " " + got.Access}}); e.status != http.StatusOK {
			t.Errorf("%s: %d %s", scheme, e.status, e.body)
		}
	}
	for name, e := range map[string]*exchange{
		"query":            w.do(t, "GET", "/v1/vms?access_token="+got.Access, "", nil),
		"body":             w.do(t, "GET", "/v1/vms", "access_token="+got.Access, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}),
		"userinfo's query": w.do(t, "GET", w.protocol("platform", "userinfo")+"?access_token="+got.Access, "", nil),
	} {
		if e.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, e.status, e.body)
		}
	}
}

// B2 (RFC 6750 section 2): a token sent in two ways at once is 400
// invalid_request.
func TestB2_TwoWaysAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	inBody := bearer(got.Access)
	inBody.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, e := range map[string]*exchange{
		"header and query":     w.do(t, "GET", "/v1/vms?access_token="+got.Access, "", bearer(got.Access)),
		"header and body":      w.do(t, "GET", "/v1/vms", "access_token="+got.Access, inBody),
		"two headers":          w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"Bearer " + got.Access, "Bearer " + got.Access}}),
		"userinfo, form":       w.do(t, "POST", w.protocol("platform", "userinfo"), "access_token="+got.Access, inBody),
		"userinfo, two header": w.do(t, "GET", w.protocol("platform", "userinfo"), "", http.Header{"Authorization": {"Bearer " + got.Access, "Bearer x"}}),
	} {
		if e.status != http.StatusBadRequest || !strings.Contains(e.header.Get("WWW-Authenticate"), `error="invalid_request"`) {
			t.Errorf("%s: %d %v %s", name, e.status, e.header, e.body)
		}
	}
}

// B3 (RFC 6750 sections 3, 3.1): a request without credentials gets a bare
// challenge with the realm and no error code.
func TestB3_ABareChallengeWithoutCredentials(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	for _, path := range []string{"/v1/vms", "/v1/vms/5", w.protocol("platform", "userinfo")} {
		for name, header := range map[string]http.Header{"nothing": nil, "an empty token": {"Authorization": {"Bearer "}}, "another scheme": {"Authorization": {"Basic x"}}} {
			e := w.do(t, "GET", path, "", header)
			if got := e.header.Get("WWW-Authenticate"); e.status != http.StatusUnauthorized || got != `Bearer realm="platform"` {
				t.Errorf("%s with %s: %d %q", path, name, e.status, got)
			}
		}
	}
}

// B4 (RFC 6750 section 3.1): expired, revoked, malformed, wrongly signed, of
// another audience or another kind is 401 invalid_token; what the caller may
// not see is 403 insufficient_scope.
func TestB4_TheKindsOfRefusal(t *testing.T) {
	t.Parallel()
	w := start(t, strings.Replace(defaultRealm, "[\n", "["+realmWith("elsewhere", `"attributes": {"usher.video.audience": "false"}`)+",\n", 1))
	got := w.login(t, "platform", "anonymous", user, password)
	ended := w.login(t, "platform", "anonymous", user, password)
	w.post(t, w.protocol("platform", "logout"), form("client_id", "anonymous", "refresh_token", ended.Refresh), nil)
	old := w.login(t, "platform", "anonymous", user, password)
	w.clock.Advance(301 * time.Second)
	fresh := w.refreshed(t, "platform", got.Refresh)
	if s := w.vms(t, w.login(t, "elsewhere", "anonymous", user, password).Access); s != http.StatusUnauthorized {
		t.Errorf("of another audience: %d", s)
	}
	for name, token := range map[string]string{
		"expired": old.Access, "logged out": ended.Access, "malformed": "x.y.z", "opaque": "0123456789", "refresh token": fresh.Refresh, "ID token": fresh.ID,
		"bad signature": fresh.Access[:len(fresh.Access)-6] + "AAAAAA",
	} {
		for _, path := range []string{"/v1/vms", "/v1/vms/5", w.protocol("platform", "userinfo")} {
			e := w.do(t, "GET", path, "", bearer(token))
			if e.status != http.StatusUnauthorized || !strings.Contains(e.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s at %s: %d %v", name, path, e.status, e.header)
			}
		}
	}
	e := w.do(t, "GET", "/v1/vms/319", "", bearer(fresh.Access))
	if e.status != http.StatusForbidden || !strings.Contains(e.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("another's VideoManager: %d %v", e.status, e.header)
	}
}

// B5 (RFC 6750 section 3): nothing in a request can add a header to the answer
// or an attribute to its challenge.
func TestB5_ChallengesAreQuoted(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for _, c := range []struct{ path, authorization string }{
		{"/v1/vms", `Bearer x", scope="admin`},
		{"/v1/vms", `Bearer x\", error="none`},
		{"/v1/vms", "Bearer \x80\xff"},
		{"/v1/vms/%22,%20error=%22none", "Bearer " + got.Access},
		{"/v1/vms/%0d%0aX-Evil:%201", "Bearer " + got.Access},
		{"/v1/vms/9%22", "Bearer " + got.Access},
		{"/auth/realms/plat%22form/protocol/openid-connect/userinfo", "Bearer x"},
		{"/auth/realms/platform%0d%0aX-Evil:1/protocol/openid-connect/userinfo", "Bearer x"},
	} {
		e := w.do(t, "GET", c.path, "", http.Header{"Authorization": {c.authorization}})
		challenge := e.header.Get("WWW-Authenticate")
		if e.header.Get("X-Evil") != "" || strings.Contains(challenge, `error="none`) || strings.Contains(challenge, `scope="admin`) ||
			strings.Count(challenge, `"`)%2 != 0 || strings.Count(challenge, "error=") > 1 || e.status >= 500 {
			t.Errorf("%s with %q: %d %v", c.path, c.authorization, e.status, e.header)
		}
	}
}

// B6 (RFC 6750 sections 5.2, 5.3): no answer of the API is stored by a cache
// that is shared, and none says otherwise on errors.
func TestB6_NoAnswerOfTheAPIIsStored(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.login(t, "platform", "anonymous", user, password)
	for name, e := range map[string]*exchange{
		"list":      w.do(t, "GET", "/v1/vms", "", bearer(got.Access)),
		"one":       w.do(t, "GET", "/v1/vms/5", "", bearer(got.Access)),
		"forbidden": w.do(t, "GET", "/v1/vms/319", "", bearer(got.Access)),
		"refused":   w.do(t, "GET", "/v1/vms", "", bearer("x")),
		"bare":      w.do(t, "GET", "/v1/vms", "", nil),
		"userinfo":  w.do(t, "GET", w.protocol("platform", "userinfo"), "", bearer(got.Access)),
	} {
		if cache := e.header.Get("Cache-Control"); cache != "no-store" || e.header.Get("Location") != "" {
			t.Errorf("%s: %d %q", name, e.status, cache)
		}
	}
}
