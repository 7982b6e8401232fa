package live

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// handClock stands still until moved; Sleep waits for ctx alone.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func newHandClock() *handClock { return &handClock{now: time.Unix(1_700_000_000, 0)} }

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *handClock) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// bubbleClock is a synctest bubble's fake time.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// rows is the store's side of everything.
type rows struct {
	mu      sync.Mutex
	config  Config
	loads   int
	revs    []iam.Revocation
	asked   int
	trouble func(context.Context) error // nil: none
	failing bool                        // of Load and Version
}

var errTrouble = fmt.Errorf("store: %w", iam.ErrUnavailable)

func (s *rows) load(context.Context) (*Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	if s.failing {
		return nil, errTrouble
	}
	return &Config{Version: s.config.Version, Realms: maps.Clone(s.config.Realms)}, nil
}

func (s *rows) version(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		return 0, errTrouble
	}
	return s.config.Version, nil
}

func (s *rows) read(ctx context.Context, after int64) ([]iam.Revocation, error) {
	s.mu.Lock()
	s.asked++
	trouble := s.trouble
	var out []iam.Revocation
	for _, r := range s.revs {
		if r.Seq > after {
			out = append(out, r)
		}
	}
	s.mu.Unlock()
	if trouble != nil {
		if err := trouble(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *rows) with(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *rows) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// revoke commits an entry, as another node would.
func (s *rows) revoke(r iam.Revocation) iam.Revocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.RealmID, r.Seq = "r1", int64(len(s.revs)+1)
	if r.Until == 0 {
		r.Until = 1 << 60
	}
	s.revs = append(s.revs, r)
	return r
}

func fails(context.Context) error { return errTrouble }

func hangs(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// node is a Verifier with all it needs, over one realm with one client.
type node struct {
	*Verifier
	store *rows
	clock *handClock
	keys  map[string]ed25519.PrivateKey // by kid
}

const (
	issuer  = "https://login.example/auth/realms/platform"
	anyTime = 1_700_000_000
)

func newNode(t testing.TB, change func(*VerifierOptions)) *node {
	t.Helper()
	n := &node{store: &rows{}, clock: newHandClock(), keys: map[string]ed25519.PrivateKey{}}
	n.store.config = Config{Version: 1, Realms: map[string]*token.Realm{"platform": n.realm("platform", "r1", issuer, "k1", "k2")}}
	snap := NewSnapshot(SnapshotOptions{Load: n.store.load, Version: n.store.version, Clock: n.clock})
	if err := snap.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	feed := NewFeed(FeedOptions{Read: n.store.read, Clock: n.clock})
	if err := feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := VerifierOptions{Snapshot: snap, Feed: feed, Clock: n.clock, Audience: "video-api"}
	if change != nil {
		change(&o)
	}
	n.Verifier = NewVerifier(o)
	return n
}

// realm makes a realm with the keys of those kids; a kid has one key everywhere.
func (n *node) realm(name, id, issuer string, kids ...string) *token.Realm {
	r := &token.Realm{
		RealmConfig: &iam.RealmConfig{
			Realm: iam.Realm{ID: id, Name: name, Enabled: true},
			Clients: map[string]*iam.Client{
				"anonymous": {ID: "c1", ClientID: "anonymous", Enabled: true},
				"other":     {ID: "c2", ClientID: "other", Enabled: true},
			},
		},
		Keys:   token.Keyring{Verify: map[string]token.VerifyKey{}},
		Issuer: issuer,
	}
	for _, kid := range kids {
		r.Keys.Verify[kid] = token.VerifyKey{KID: kid, Alg: "EdDSA", Public: n.key(kid).Public()}
	}
	return r
}

func (n *node) key(kid string) ed25519.PrivateKey {
	k, ok := n.keys[kid]
	if !ok {
		seed := make([]byte, ed25519.SeedSize)
		copy(seed, kid)
		k = ed25519.NewKeyFromSeed(seed)
		n.keys[kid] = k
	}
	return k
}

// configure puts a changed realm in the store, as a new version.
func (n *node) configure(t testing.TB, change func(*token.Realm)) {
	t.Helper()
	n.store.with(func() {
		old := n.store.config.Realms["platform"]
		cfg := *old.RealmConfig
		next := &token.Realm{RealmConfig: &cfg, Issuer: old.Issuer, Keys: token.Keyring{Verify: maps.Clone(old.Keys.Verify)}}
		cfg.Clients = map[string]*iam.Client{}
		for name, c := range old.Clients {
			copied := *c
			cfg.Clients[name] = &copied
		}
		change(next)
		n.store.config.Version++
		n.store.config.Realms["platform"] = next
	})
}

func (n *node) reload(t testing.TB) {
	t.Helper()
	if err := n.Snapshot.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type claims map[string]any

// mint makes an access token of now with the given changes; nil removes a claim.
func (n *node) mint(t testing.TB, kid string, changes claims) string {
	t.Helper()
	now := n.clock.Now().Unix()
	c := claims{
		"exp": now + 300, "iat": now, "jti": "j1", "iss": issuer, "aud": "video-api", "sub": "u1", "typ": "Bearer", "azp": "anonymous",
		"sid": "s1", "scope": "openid profile email", "reuse_id": "f1", "preferred_username": "ada",
	}
	for k, v := range changes {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	input := enc([]byte(`{"alg":"EdDSA","typ":"JWT","kid":"`+kid+`"}`)) + "." + enc(body)
	return input + "." + enc(ed25519.Sign(n.key(kid), []byte(input)))
}

// says returns the public description of a refusal, "" for none, "503" for
// storage trouble.
func (n *node) says(t testing.TB, raw string) string {
	t.Helper()
	caller, err := n.Verify(t.Context(), raw)
	if err == nil {
		if caller.RealmID != "r1" || caller.UserID != "u1" {
			t.Errorf("caller %+v", caller)
		}
		return ""
	}
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("not a fault: %v", err)
	}
	if e.Fault == oauth.Unavailable {
		return "503"
	}
	if e.Fault != oauth.BearerInvalid || e.Arg == "" {
		t.Errorf("fault %+v", e)
	}
	return e.Arg
}
