package wire

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// E1 (OpenID Connect Discovery sections 3, 4.3): a Host header of an attacker's
// choice changes no document either.
func TestE1_TheHostChangesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	path := "/auth/realms/platform/.well-known/openid-configuration"
	plain := w.do(t, "GET", path, "", nil)
	for _, host := range []string{"evil.example.org", "evil.example.org:443", "127.0.0.1", "localhost:1", "[::1]"} {
		q, err := http.NewRequestWithContext(t.Context(), "GET", w.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Host = host
		if e := exchangeOf(t, w, q); e.status != plain.status || string(e.body) != string(plain.body) {
			t.Errorf("%s: %d %s", host, e.status, e.body)
		}
	}
}

// E3 (RFC 8414 section 3.1): the metadata is also where OAuth clients look, with
// the well-known part before the issuer's path.
func TestE3_TheOAuthLocation(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	want := w.do(t, "GET", "/auth/realms/platform/.well-known/openid-configuration", "", nil)
	for _, path := range []string{"/.well-known/oauth-authorization-server/auth/realms/platform", "/auth/realms/platform/.well-known/oauth-authorization-server",
		"/.well-known/openid-configuration/auth/realms/platform"} {
		if e := w.do(t, "GET", path, "", nil); e.status != http.StatusOK || string(e.body) != string(want.body) {
			t.Errorf("%s: %d %s", path, e.status, e.body)
		}
	}
}

// E4 (RFC 8414 section 2): the grants and the ways to authenticate that are
// listed work, and no others do.
func TestE4_MetadataMatchesBehaviour(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	doc := w.discovery(t, "platform")
	grants := listed(t, doc, "grant_types_supported")
	for _, grant := range []string{"password", "refresh_token", "client_credentials", "authorization_code", "implicit", "urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:openid:params:grant-type:ciba", "Password", ""} {
		e := w.post(t, tokenPath, form("client_id", "anonymous", "grant_type", grant), nil)
		refused := memberOf(t, e.body, "error") == "unsupported_grant_type" || strings.Contains(string(e.body), "Missing form parameter: grant_type")
		if refused == slices.Contains(grants, grant) {
			t.Errorf("%q is listed: %v; %d %s", grant, !refused, e.status, e.body)
		}
	}
	works := map[string]func(path, more string) *exchange{
		"client_secret_basic": func(path, more string) *exchange {
			return w.post(t, path, more, http.Header{"Authorization": {"Basic " + basic("confidential", clientSecret)}})
		},
		"client_secret_post": func(path, more string) *exchange {
			return w.post(t, path, more+"&"+form("client_id", "confidential", "client_secret", clientSecret), nil)
		},
		"none": func(path, more string) *exchange { return w.post(t, path, more+"&client_id=anonymous", nil) },
		"private_key_jwt": func(path, more string) *exchange {
			return w.post(t, path, more+"&"+form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e30.e30.e30", "client_id", "confidential"), nil)
		},
	}
	for endpoint, c := range map[string]struct{ member, more string }{
		"token":            {"token_endpoint_auth_methods_supported", form("grant_type", "password", "username", user, "password", password)},
		"token/introspect": {"introspection_endpoint_auth_methods_supported", "token=x"},
		"revoke":           {"revocation_endpoint_auth_methods_supported", "token=x"},
	} {
		methods := listed(t, doc, c.member)
		for method, call := range works {
			e := call(w.protocol("platform", endpoint), c.more)
			if passed := e.status == http.StatusOK; passed != slices.Contains(methods, method) {
				t.Errorf("%s by %s: %d %s, listed are %v", endpoint, method, e.status, e.body, methods)
			}
		}
		for _, method := range methods {
			if works[method] == nil {
				t.Errorf("%s lists %s, which nobody has tried", endpoint, method)
			}
		}
	}
	if doc["code_challenge_methods_supported"] != nil {
		t.Errorf("challenges %v without codes", doc["code_challenge_methods_supported"])
	}
}

// E6 (RFC 7517): the key set holds public halves only, each with its own kid, a
// use and an algorithm, and a cache keeps it for a shorter time than a new key
// waits before its first use.
func TestE6_TheKeySetIsPublic(t *testing.T) {
	t.Parallel()
	var realms []string
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		realms = append(realms, realmWith("r-"+alg, `"defaultSignatureAlgorithm": "`+alg+`"`))
	}
	w := start(t, "["+strings.Join(realms, ",")+"]")
	seen := map[string]bool{}
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		e := w.do(t, "GET", w.protocol("r-"+alg, "certs"), "", nil)
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if err := json.Unmarshal(e.body, &set); err != nil || len(set.Keys) == 0 || !briefly(e.header.Get("Cache-Control")) {
			t.Fatalf("%s: %d %v %s", alg, e.status, e.header, e.body)
		}
		for _, key := range set.Keys {
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
				if key[private] != nil {
					t.Errorf("%s: the key set has %s", alg, private)
				}
			}
			kid, _ := key["kid"].(string)
			if kid == "" || seen[kid] || key["alg"] == nil || key["use"] != "sig" || key["kty"] == "oct" {
				t.Errorf("%s: %v", alg, key)
			}
			seen[kid] = true
		}
	}
}

// briefly says that a Cache-Control lets nobody keep an answer for an hour.
func briefly(cacheControl string) bool {
	if cacheControl == "no-cache" {
		return true
	}
	_, age, ok := strings.Cut(cacheControl, "max-age=")
	seconds, err := strconv.Atoi(age)
	return ok && err == nil && seconds < 3600
}

// D2 (RFC 7636 section 4.2, ASVS 10.4.6): discovery offers no challenge method,
// least of all "plain", and none of those it names elsewhere is one.
func TestD2_NoPlainChallengeIsOffered(t *testing.T) {
	t.Parallel()
	w := start(t, defaultRealm)
	if methods := w.discovery(t, "platform")["code_challenge_methods_supported"]; methods != nil {
		t.Errorf("offered: %v", methods)
	}
}
