package wire

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// refusesGrant holds what is not served yet to a clean refusal, and discovery
// to silence about it.
func (w *world) refusesGrant(t *testing.T, grant string, more ...string) (clean bool) {
	t.Helper()
	body := form(append([]string{"client_id", "confidential", "client_secret", clientSecret, "grant_type", grant}, more...)...)
	e := w.post(t, tokenPath, body, nil)
	return e.status == http.StatusBadRequest && memberOf(t, e.body, "error") == "unsupported_grant_type" &&
		!slices.Contains(listed(t, w.discovery(t, "platform"), "grant_types_supported"), grant)
}

// silent says that discovery has no member whose name contains the word.
func (w *world) silent(t *testing.T, word string) bool {
	t.Helper()
	for name, value := range w.discovery(t, "platform") {
		if strings.Contains(name, word) && value != false {
			return false
		}
	}
	return true
}

// absent says that nothing answers under a path of the protocol.
func (w *world) absent(t *testing.T, endpoint string) bool {
	t.Helper()
	return w.post(t, w.protocol("platform", endpoint), "client_id=anonymous", nil).status == http.StatusNotFound
}

// I1 (RFC 8628 sections 3.2, 3.5): the device grant is refused as one that is
// not served, and its endpoint is not there.
func TestI1_NoDeviceGrantYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	if !w.refusesGrant(t, "urn:ietf:params:oauth:grant-type:device_code", "device_code", "x") || !w.absent(t, "auth/device") || !w.silent(t, "device") {
		t.Error("half a device grant")
	}
}

// I2 (RFC 8693 sections 2.1, 2.2): token exchange is refused as a grant that is
// not served.
func TestI2_NoTokenExchangeYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	if !w.refusesGrant(t, "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", got.Access, "subject_token_type", "urn:ietf:params:oauth:token-type:access_token") {
		t.Error("half a token exchange")
	}
}

// I3 (RFC 8705 sections 3, 4): discovery promises no certificate-bound tokens,
// and no header makes one.
func TestI3_NoCertificateBoundTokensYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, passwordGrant(user, password), http.Header{"X-Ssl-Client-Cert": {"x"}, "Ssl-Client-Cert": {"x"}, "X-Forwarded-Client-Cert": {"Hash=x"}})
	if claims := claimsOf(t, memberOf(t, e.body, "access_token")); claims["cnf"] != nil || !w.silent(t, "certificate_bound") || !w.silent(t, "mtls") {
		t.Errorf("%v", claims)
	}
}

// I4 (RFC 9126 sections 2, 4): there is no endpoint for pushed authorization
// requests, and none is named.
func TestI4_NoPushedRequestsYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	if !w.absent(t, "ext/par/request") || !w.silent(t, "pushed") {
		t.Error("half a pushed request")
	}
}

// I5 (RFC 9449 sections 4.3, 5, 8): a DPoP proof binds nothing, the token's type
// says so, and the API takes no token under that scheme.
func TestI5_NoDPoPYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, passwordGrant(user, password), http.Header{"Dpop": {"e30.e30.e30"}})
	access := memberOf(t, e.body, "access_token")
	if memberOf(t, e.body, "token_type") != "bearer" || claimsOf(t, access)["cnf"] != nil || !w.silent(t, "dpop") {
		t.Errorf("%d %s", e.status, e.body)
	}
	if e := w.do(t, "GET", "/v1/vms", "", http.Header{"Authorization": {"DPoP " + access}}); e.status != http.StatusUnauthorized {
		t.Errorf("%d %s", e.status, e.body)
	}
}

// I6 (RFC 9101, RFC 9396, FAPI 2.0): a request that carries an object or
// authorization details is served for what it is without them, and discovery
// offers neither.
func TestI6_NoRequestObjectsYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	e := w.post(t, tokenPath, passwordGrant(user, password)+"&"+form("request", "e30.e30.", "authorization_details", `[{"type":"payment"}]`), nil)
	if e.status != http.StatusOK || claimsOf(t, memberOf(t, e.body, "access_token"))["authorization_details"] != nil ||
		!w.silent(t, "authorization_details") || !w.silent(t, "request_object") || !w.silent(t, "request_parameter") {
		t.Errorf("%d %s", e.status, e.body)
	}
}

// G5 (OpenID Connect Core section 6.1): discovery says that request and
// request_uri are not taken.
func TestG5_RequestObjectsAreNotPromised(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	doc := w.discovery(t, "platform")
	for _, name := range []string{"request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"} {
		if doc[name] != false {
			t.Errorf("%s is %v", name, doc[name])
		}
	}
}

// C10 (RFC 9701): introspection answers plain JSON whatever form is asked for,
// and discovery offers no signed one.
func TestC10_NoSignedIntrospectionYet(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	got := w.loginAs(t, "platform", "confidential", clientSecret, user, password)
	e := w.post(t, w.protocol("platform", "token/introspect"), form("client_id", "confidential", "client_secret", clientSecret, "token", got.Access),
		http.Header{"Accept": {"application/token-introspection+jwt"}})
	if e.status != http.StatusOK || e.header.Get("Content-Type") != "application/json" || !w.silent(t, "introspection_signing") {
		t.Errorf("%d %v %s", e.status, e.header, e.body)
	}
}
