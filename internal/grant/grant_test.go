package grant_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// The checks before the grant, each at its place in the order.
func TestPhases(t *testing.T) {
	t.Parallel()
	outside := netip.MustParseAddr("203.0.113.7")
	from := func(r grant.Request, a netip.Addr) grant.Request { r.Address = a; return r }
	r := newRig(t)
	disabled := r.newRealm(func(c *iam.RealmConfig) { c.Realm.Enabled = false })
	good := loginForm("anonymous", "openid")
	long := strings.Repeat("x", 20_001)
	for _, test := range []struct {
		name  string
		realm *token.Realm
		req   grant.Request
		want  oauth.Fault // "" succeeds
		cors  string      // the clientId whose origins decide
	}{
		{name: "plain http from outside", req: from(good, outside), want: oauth.HTTPSRequired},
		{name: "http comes before the realm's switch", realm: disabled, req: from(good, outside), want: oauth.HTTPSRequired},
		{name: "plain http from a private network", req: from(good, netip.MustParseAddr("::ffff:10.1.2.3")), cors: "anonymous"},
		{name: "an address nobody knows is outside", req: from(good, netip.Addr{}), want: oauth.HTTPSRequired},
		{name: "realm disabled", realm: disabled, req: request(), want: oauth.RealmDisabled},
		{name: "no grant type", req: request("client_id", "nobody"), want: oauth.NoGrantType},
		{name: "an empty grant type is none", req: request("grant_type", ""), want: oauth.NoGrantType},
		{name: "the grant type comes before the client", req: request("grant_type", "magic", "client_id", "nobody"), want: oauth.UnknownGrantType},
		{name: "no client", req: request("grant_type", "password"), want: oauth.ClientUnknown},
		{name: "a malformed header and no client", req: malformed(request("grant_type", "password")), want: oauth.ClientUnknown},
		{name: "a malformed header beside a client", req: malformed(good), cors: "anonymous"},
		{name: "unknown client", req: request("grant_type", "password", "client_id", "nobody"), want: oauth.ClientUnknown},
		{name: "disabled client", req: loginForm("off", ""), want: oauth.ClientUnknown},
		{name: "client ids are exact", req: loginForm("Anonymous", ""), want: oauth.ClientUnknown},
		{name: "Basic alone names the public client", req: basic(request("grant_type", "password", "username", "anna", "password", password), "anonymous", ""), cors: "anonymous"},
		{name: "a public client with an empty secret", req: withPairs(good, "client_secret", ""), cors: "anonymous"},
		{name: "a public client with any secret", req: basic(good, "anonymous", "whatever"), cors: "anonymous"},
		{name: "Basic and body name two clients", req: basic(good, "backend", "s3cr&t"), want: oauth.ClientConflict},
		{name: "the body's secret wins", req: basic(withPairs(loginForm("backend", ""), "client_secret", "s3cr&t"), "backend", "old"), cors: "backend"},
		{name: "the body's wrong secret wins too", req: basic(withPairs(loginForm("backend", ""), "client_secret", "old"), "backend", "s3cr&t"), want: oauth.ClientBadSecret},
		{name: "an empty secret in the body counts as absent", req: basic(withPairs(loginForm("backend", ""), "client_secret", ""), "backend", "s3cr&t"), cors: "backend"},
		{name: "confidential without a secret", req: loginForm("backend", ""), want: oauth.ClientBadSecret},
		{name: "confidential on refresh too", req: refreshForm("backend", "x"), want: oauth.ClientBadSecret},
		{name: "a client that has no secret cannot prove itself", req: withPairs(loginForm("secretless", ""), "client_secret", ""), want: oauth.ClientBadSecret},
		{name: "another protocol", req: loginForm("saml", ""), want: oauth.ClientWrongProtocol, cors: "saml"},
		{name: "bearer-only", req: withPairs(loginForm("bearer", ""), "client_secret", "x"), want: oauth.ClientBearerOnly, cors: "bearer"},
		{name: "a parameter twice", req: withPairs(good, "username", "anna"), want: oauth.DuplicateParameter, cors: "anonymous"},
		{name: "an unknown parameter twice", req: withPairs(good, "x", "1", "x", "1"), want: oauth.DuplicateParameter, cors: "anonymous"},
		{name: "duplicates come after the client", req: request("grant_type", "password", "grant_type", "password"), want: oauth.ClientUnknown},
		{name: "an over-long token", req: refreshForm("anonymous", long), want: oauth.ParameterTooLong, cors: "anonymous"},
		{name: "an over-long user name counts as absent", req: request("grant_type", "password", "client_id", "anonymous", "username", long[:4001]), want: oauth.NoUsername, cors: "anonymous"},
		{name: "unknown parameters are ignored", req: withPairs(good, "response_type", "token", "nonsense", long), cors: "anonymous"},
		{name: "blanks before names", req: rawRequest("grant_type=password&\n  client_id=anonymous&\r\n\tusername=anna&%0A+password=" + escaped(password)), cors: "anonymous"},
	} {
		t.Run(test.name, func(t *testing.T) {
			realm := r.realm
			if test.realm != nil {
				realm = test.realm
			}
			res, err := r.svc.Token(context.Background(), realm, test.req)
			if test.want == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if test.want != "" {
				wantFault(t, err, test.want)
			}
			got := ""
			if res.Client != nil {
				got = res.Client.ClientID
			}
			if got != test.cors {
				t.Errorf("the client is %q, want %q", got, test.cors)
			}
		})
	}
}

func malformed(r grant.Request) grant.Request {
	r.Basic = oauth.Basic{Present: true, Malformed: true}
	return r
}

// withPairs is r with more parameters.
func withPairs(r grant.Request, pairs ...string) grant.Request {
	all := []string{}
	for _, name := range []string{"grant_type", "client_id", "username", "password", "scope", "refresh_token"} {
		if r.Form.Has(name) {
			all = append(all, name, r.Form.Get(name))
		}
	}
	return request(append(all, pairs...)...)
}

func escaped(s string) string { return strings.NewReplacer("&", "%26", " ", "%20").Replace(s) }

func TestDocumentedAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("anonymous")
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	m := members(t, b)
	want := map[string]any{"expires_in": 300.0, "refresh_expires_in": 3600.0, "token_type": "bearer", "not-before-policy": 0.0, "scope": "openid profile email"}
	for name, value := range want {
		if m[name] != value {
			t.Errorf("%s is %v, want %v", name, m[name], value)
		}
	}
	if len(m) != 9 || a.IDToken == "" || a.AccessToken == "" || a.RefreshToken == "" || len(a.SessionState) != 36 {
		t.Errorf("members: %s", b)
	}
	order := []string{"access_token", "expires_in", "refresh_expires_in", "refresh_token", "token_type", "id_token", "not-before-policy", "session_state", "scope"}
	at := -1
	for _, name := range order {
		next := strings.Index(string(b), `"`+name+`":`)
		if next < at {
			t.Errorf("%s stands out of order", name)
		}
		at = next
	}
}

func TestTokenClaims(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	access, refresh := r.claims(a.AccessToken), r.claims(a.RefreshToken)
	if access.SessionID != a.SessionState || refresh.SessionID != a.SessionState {
		t.Error("sid is not session_state")
	}
	if access.Family == "" || access.Family != refresh.Family || access.ID == "" || access.ID == refresh.ID {
		t.Error("reuse_id and jti")
	}
	if access.IssuedAt != start || access.ExpiresAt != start+300 || refresh.ExpiresAt != start+3600 {
		t.Error("dates")
	}
	next := r.refresh("rotating", a.RefreshToken)
	if got := r.claims(next.AccessToken); got.Gen != 1 || got.Family != access.Family || got.SessionID != a.SessionState {
		t.Errorf("after a refresh the access token says generation %d", got.Gen)
	}
	if next.SessionState != a.SessionState || next.Scope != a.Scope || next.IDToken == "" {
		t.Error("a refresh changed the session, the scope, or lost the ID token")
	}
}

func TestNotBeforePolicyIsTheLargest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.realm = r.newRealm(func(c *iam.RealmConfig) {
		c.Realm.NotBefore = start - 30
		c.Clients["anonymous"].NotBefore = start - 20
	})
	if got := r.login("anonymous").NotBefore; got != start-20 {
		t.Errorf("not-before-policy %d", got)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.TokenTypeCapital, c.Realm.WrongPasswordIs400 = true, true })
	if got := r.login("anonymous").TokenType; got != "Bearer" {
		t.Errorf("token_type %q", got)
	}
	r.auth.err = iam.ErrBadCredentials
	if e := r.refused(loginForm("anonymous", ""), oauth.WrongCredentials); e.Status != 400 {
		t.Errorf("status %d", e.Status)
	}
}

func TestPaddedNamesAreHinted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.refused(rawRequest("grant_type=password&\n grant_type=password&client_id=anonymous"), oauth.DuplicateParameter)
	if !strings.Contains(e.Hint, "grant_type") || !strings.Contains(e.Hint, "blanks") {
		t.Errorf("hint %q", e.Hint)
	}
	if e := r.refused(rawRequest("\n client_id=anonymous"), oauth.NoGrantType); !strings.Contains(e.Hint, "client_id") {
		t.Errorf("hint %q", e.Hint)
	}
	if e := r.refused(rawRequest("\n <script>=1"), oauth.NoGrantType); e.Hint != "" {
		t.Errorf("a foreign name is repeated: %q", e.Hint)
	}
}

// Audit lines of failures are best effort and never of unknown names.
func TestWrongSecretIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.refused(withPairs(loginForm("backend", ""), "client_secret", "guess"), oauth.ClientBadSecret)
	got := r.events("LOGIN_ERROR")
	want := []iam.Event{{
		ID: e.ID, At: start * 1000, RealmID: r.realm.Realm.ID, Type: "LOGIN_ERROR", ClientID: "backend", Address: "127.0.0.1",
		Error: "invalid_client_credentials",
	}}
	if len(got) == 1 {
		got[0].Row, got[0].Details = 0, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	r.refused(loginForm("nobody", ""), oauth.ClientUnknown)
	if n := len(r.events("LOGIN_ERROR")); n != 1 {
		t.Errorf("%d events", n)
	}
}

// A caller that went away is no reason to say no.
func TestCancelledIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.svc.Token(ctx, r.realm, refreshForm("rotating", a.RefreshToken))
	wantFault(t, err, oauth.Unavailable)
	r.refresh("rotating", a.RefreshToken)
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	form := func(id, secret string) grant.Request {
		return request("grant_type", "client_credentials", "client_id", id, "client_secret", secret)
	}
	r.refused(form("anonymous", ""), oauth.ServiceAccountPublic)
	r.refused(form("other", "0ther"), oauth.ServiceAccountOff)
	r.refused(form("accountless", "x"), oauth.ServiceAccountMissing)
	if e := r.refused(form("asleep", "x"), oauth.ServiceAccountDisabled); e.Arg != "service-account-asleep" {
		t.Errorf("names %q", e.Arg)
	}
	r.refused(request("grant_type", "client_credentials", "client_id", "backend", "client_secret", "s3cr&t", "scope", "nonsense"), oauth.InvalidScope)
	a := r.must(form("backend", "s3cr&t"))
	if a.RefreshToken != "" || a.SessionState != "" || a.RefreshExpiresIn != 0 || a.ExpiresIn != 300 || a.IDToken != "" {
		t.Errorf("%+v", a)
	}
	c := r.claims(a.AccessToken)
	if c.SessionID != "" || c.Family != "" || c.AuthorizedParty != "backend" {
		t.Errorf("claims %s", c.Payload)
	}
	m := members(t, c.Payload)
	if m["client_id"] != "backend" || m["clientAddress"] != "127.0.0.1" {
		t.Errorf("claims %s", c.Payload)
	}
	if got := r.events("CLIENT_LOGIN"); len(got) != 1 || got[0].ClientID != "backend" {
		t.Errorf("events %+v", got)
	}
}
