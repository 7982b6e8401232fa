package grant_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/token"
)

const (
	issuer   = "https://login.test/auth/realms/platform"
	password = "correct horse; battery & staple"
	start    = 1_700_000_000 // Unix s
)

// clock is a clock that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// feed remembers what it was told.
type feed struct {
	mu      sync.Mutex
	entries []iam.Revocation
}

func (f *feed) Apply(entries ...iam.Revocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, entries...)
}

func (f *feed) kinds() (kinds []iam.RevocationKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// authenticator knows one password, and says what a test tells it to.
type authenticator struct {
	store *sqlite.DB
	err   error
	asked int
	last  iam.Attempt
}

func (a *authenticator) Authenticate(ctx context.Context, cfg *iam.RealmConfig, in iam.Attempt) (iam.Verified, error) {
	a.asked++
	a.last = in
	if a.err != nil {
		return iam.Verified{}, a.err
	}
	user, err := a.store.UserByName(ctx, cfg.Realm.ID, iam.CanonicalName(in.Username))
	if errors.Is(err, iam.ErrNotFound) || err == nil && in.Password != password {
		return iam.Verified{}, iam.ErrBadCredentials
	}
	return iam.Verified{User: user}, err
}

// rig is a whole token endpoint over a real store.
type rig struct {
	t     testing.TB
	n     int // of the realm in the store
	dir   string
	db    *sqlite.DB
	auth  *authenticator
	feed  *feed
	clock *clock
	realm *token.Realm
	svc   *grant.Service
	mu    sync.Mutex
	seen  []string // outcomes counted
	tells []int64  // generations confirmed
}

func newRig(t testing.TB) *rig {
	t.Helper()
	c := &clock{}
	dir := t.TempDir() + "/data"
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return (&rig{dir: dir, db: db, clock: c}).again(t)
}

// again is a rig with a realm of its own in the same store, and the clock at
// the start: opening a store costs more than most tests. Tests that share a
// store take turns.
func (r *rig) again(t testing.TB) *rig {
	t.Helper()
	next := &rig{t: t, n: r.n + 1, dir: r.dir, db: r.db, feed: &feed{}, clock: r.clock, auth: &authenticator{store: r.db}}
	r.n++
	next.clock.set(time.Unix(start, 0))
	next.realm = next.newRealm(nil)
	in := iam.RealmImport{Realm: next.realm.Realm, Users: next.users()}
	for _, client := range next.realm.Clients {
		in.Clients = append(in.Clients, *client)
	}
	if err := r.db.ImportRealm(t.Context(), in, nil); err != nil {
		t.Fatal(err)
	}
	next.svc = next.service(r.db)
	return next
}

// service is one node over a store.
func (r *rig) service(store grant.Store) *grant.Service {
	return grant.New(grant.Config{
		Store: store, Authenticator: r.auth, Feed: r.feed, Now: r.clock.Now,
		Confirm: func(_ string, gen int64) { r.mu.Lock(); r.tells = append(r.tells, gen); r.mu.Unlock() },
		Metrics: grant.Metrics{Refresh: func(outcome, reason string) {
			r.mu.Lock()
			r.seen = append(r.seen, outcome+reason)
			r.mu.Unlock()
		}},
	})
}

func (r *rig) id(of string) string { return fmt.Sprintf("%s-%d", of, r.n) }

func (r *rig) users() []iam.User {
	return []iam.User{
		{ID: r.id("anna"), Username: "anna", Email: "anna@example.org", FirstName: "Anna", LastName: "Muster", Enabled: true, Epoch: 1},
		{ID: r.id("backend's account"), Username: "service-account-backend", Enabled: true, ServiceAccountOf: "backend"},
		{ID: r.id("asleep's account"), Username: "service-account-asleep", ServiceAccountOf: "asleep"},
	}
}

// newRealm makes the realm of the tests; change edits its configuration.
func (r *rig) newRealm(change func(*iam.RealmConfig)) *token.Realm {
	return r.newRealmAt(issuer, change)
}

func (r *rig) newRealmAt(issuer string, change func(*iam.RealmConfig)) *token.Realm {
	cfg := &iam.RealmConfig{
		Realm: iam.Realm{
			ID: r.id("realm"), Name: r.id("platform"), Enabled: true, SSLRequired: "external",
			SignatureAlgorithm: "EdDSA", RotationWindow: 10,
			Lifetimes:    iam.Lifetimes{AccessToken: 300, SessionIdle: 3600},
			ClientScopes: token.BuiltinScopes(),
		},
		Clients: map[string]*iam.Client{},
	}
	yes := true
	for _, c := range []iam.Client{
		{ClientID: "anonymous", Public: true, DirectAccessGrants: true},
		{ClientID: "rotating", Public: true, DirectAccessGrants: true, RevokeRefreshToken: &yes},
		{ClientID: "strict", Public: true, DirectAccessGrants: true, RevokeRefreshToken: &yes, Recovery: iam.RecoverNever},
		{ClientID: "backend", Secret: "s3cr&t", DirectAccessGrants: true, ServiceAccounts: true},
		{ClientID: "other", Secret: "0ther", DirectAccessGrants: true},
		{ClientID: "asleep", Secret: "x", ServiceAccounts: true},
		{ClientID: "accountless", Secret: "x", ServiceAccounts: true},
		{ClientID: "secretless"},
		{ClientID: "indirect", Public: true},
		{ClientID: "consent", Public: true, DirectAccessGrants: true, ConsentRequired: true},
		{ClientID: "bearer", Secret: "x", BearerOnly: true},
		{ClientID: "saml", Public: true, Protocol: "saml"},
		{ClientID: "off", Public: true, DirectAccessGrants: true},
		{ClientID: "norefresh", Public: true, DirectAccessGrants: true, Attributes: map[string]string{"use.refresh.tokens": "false"}},
	} {
		client := c
		client.ID, client.RealmID = r.id(c.ClientID), cfg.Realm.ID
		client.Enabled, client.FullScopeAllowed = c.ClientID != "off", true
		client.DefaultScopes, client.OptionalScopes = token.BuiltinDefaults(), token.BuiltinOptionals()
		if client.Protocol == "" {
			client.Protocol = "openid-connect"
		}
		cfg.Clients[c.ClientID] = &client
	}
	if change != nil {
		change(cfg)
	}
	return &token.Realm{RealmConfig: cfg, Issuer: issuer, Keys: testKeys("h1")}
}

type edSigner ed25519.PrivateKey

func (k edSigner) Sign(in []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(k), in), nil
}

type hmacSigner []byte

func (k hmacSigner) Sign(in []byte) ([]byte, error) {
	m := hmac.New(sha512.New, k)
	m.Write(in)
	return m.Sum(nil), nil
}

// testKeys is a ring whose active HMAC key is the named one of two.
func testKeys(active string) token.Keyring {
	ed := ed25519.NewKeyFromSeed([]byte("thirty-two bytes make a key seed"))
	ring := token.Keyring{
		Signing: map[string]token.SigningKey{"EdDSA": {KID: "e1", Alg: "EdDSA", Signer: edSigner(ed)}},
		Verify:  map[string]token.VerifyKey{"e1": {KID: "e1", Alg: "EdDSA", Public: ed.Public()}},
	}
	for _, kid := range []string{"h1", "h2"} {
		secret := []byte("an HMAC secret of sixty-four bytes, which is what HS512 needs: " + kid)
		ring.Verify[kid] = token.VerifyKey{KID: kid, Alg: "HS512", Secret: secret}
		if kid == active {
			ring.Signing["HS512"] = token.SigningKey{KID: kid, Alg: "HS512", Signer: hmacSigner(secret)}
		}
	}
	return ring
}

// request makes a form of pairs.
func request(pairs ...string) grant.Request {
	body := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		body += url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]) + "&"
	}
	return rawRequest(body)
}

func rawRequest(body string) grant.Request {
	form, err := oauth.ParseForm([]byte(body))
	if err != nil {
		panic(err)
	}
	return grant.Request{Form: form, Address: netip.MustParseAddr("127.0.0.1")}
}

func basic(r grant.Request, id, secret string) grant.Request {
	r.Basic = oauth.Basic{ID: id, Secret: secret, Present: true}
	return r
}

func loginForm(client, scope string) grant.Request {
	return request("grant_type", "password", "client_id", client, "username", "anna", "password", password, "scope", scope)
}

func refreshForm(client, refreshToken string) grant.Request {
	return request("grant_type", "refresh_token", "client_id", client, "refresh_token", refreshToken)
}

// must runs a token request that has to succeed.
func (r *rig) must(req grant.Request) *grant.Answer {
	r.t.Helper()
	res, err := r.svc.Token(context.Background(), r.realm, req)
	if err != nil {
		r.t.Fatalf("refused: %v", err)
	}
	return res.Answer
}

func (r *rig) login(client string) *grant.Answer {
	r.t.Helper()
	return r.must(loginForm(client, "openid"))
}

func (r *rig) refresh(client, refreshToken string) *grant.Answer {
	r.t.Helper()
	return r.must(refreshForm(client, refreshToken))
}

// refused runs a token request that has to fail, and returns how.
func (r *rig) refused(req grant.Request, want oauth.Fault) *oauth.Error {
	r.t.Helper()
	_, err := r.svc.Token(context.Background(), r.realm, req)
	return wantFault(r.t, err, want)
}

func wantFault(t testing.TB, err error, want oauth.Fault) *oauth.Error {
	t.Helper()
	e := new(oauth.Error)
	if err == nil {
		t.Fatalf("succeeded, want %s", want)
	}
	if !errors.As(err, &e) || e.Fault != want {
		t.Fatalf("refused with %v, want %s", err, want)
	}
	return e
}

// claims reads a token that Usher made.
func (r *rig) claims(raw string) *token.Claims {
	r.t.Helper()
	c, err := r.realm.Parse(raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) events(kind string) (found []iam.Event) {
	r.t.Helper()
	all, err := r.db.Events(context.Background(), r.realm.Realm.ID, 0, 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, ev := range all {
		if ev.Type == kind {
			found = append(found, ev)
		}
	}
	return found
}

func members(t testing.TB, body []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return m
}
