package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// The feed's times.
const (
	pollFeed     = 250 * time.Millisecond
	sweepFeed    = 10 * time.Second
	freshFor     = time.Second            // longer unconfirmed: ask the store
	askLimit     = 250 * time.Millisecond // of one question
	loadLimit    = time.Minute            // of the first one, which reads all entries before anything is served
	unreadyAfter = 3 * time.Second
	// DefaultGrace is how long remembered tokens are answered after the store
	// failed to confirm the feed.
	DefaultGrace = 30 * time.Second
)

// FeedOptions are a Feed's dependencies; Read and Clock are required.
type FeedOptions struct {
	// Read returns the live entries with a larger sequence number, ascending.
	Read  func(ctx context.Context, afterSeq int64) ([]iam.Revocation, error)
	Clock Clock
	// Grace overrides DefaultGrace; negative means none.
	Grace time.Duration
	// ForgetMembers is told of every entry of that kind; userID "" is everybody
	// in the realm.
	ForgetMembers func(realmID, userID string)
	Log           *slog.Logger
}

// Feed is the revocation feed in memory: what refuses an access token before
// it expires. Every method may be called at any time by anybody.
type Feed struct {
	FeedOptions
	mu     sync.RWMutex
	refuse [refusals]map[feedKey]feedEntry // by kind, so that a kind without entries costs nothing
	// epoch counts the entries that refuse something; a token found good at
	// one epoch need not be looked up again until the next.
	epoch  atomic.Uint64
	last   int64     // highest sequence number read from the store
	swept  time.Time // when ended entries were last dropped
	asking askState
}

type feedKey struct{ realm, id string }

// The kinds that refuse, as indices.
const (
	ofToken = iota
	ofFamily
	ofSession
	ofClientSession
	ofUser
	ofClient
	ofRealm
	refusals
)

// kindIndex is -1 for a kind that refuses nothing: ForgetMembers, and what a
// later release may add.
func kindIndex(k iam.RevocationKind) int {
	switch k {
	case iam.RevokeToken:
		return ofToken
	case iam.RevokeFamily:
		return ofFamily
	case iam.RevokeSession:
		return ofSession
	case iam.RevokeClientSession:
		return ofClientSession
	case iam.RevokeUser:
		return ofUser
	case iam.RevokeClient:
		return ofClient
	case iam.RevokeRealm:
		return ofRealm
	}
	return -1
}

type feedEntry struct {
	issuedBefore int64 // Unix s; 0: every token
	until        int64 // Unix ms
}

// NewFeed makes an empty feed, not confirmed until the first Load.
func NewFeed(o FeedOptions) *Feed {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.ForgetMembers == nil {
		o.ForgetMembers = func(string, string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &Feed{FeedOptions: o}
	for i := range f.refuse {
		f.refuse[i] = make(map[feedKey]feedEntry)
	}
	return f
}

// Load reads the feed for the first time; nothing may be answered before.
func (f *Feed) Load(ctx context.Context) error {
	if err := f.askWithin(ctx, loadLimit); err != nil {
		return fmt.Errorf("reading the revocation feed: %w", err)
	}
	return nil
}

// Run polls the store until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	poll(ctx, f.Clock, pollFeed, f.Log, "revocation feed poll", func(ctx context.Context) error {
		defer f.sweep()
		return f.ask(ctx)
	})
}

// Apply puts entries in force at once. Whoever wrote some calls it before it
// answers. The poll reads them again, which changes nothing.
func (f *Feed) Apply(revs ...iam.Revocation) {
	if len(revs) == 0 {
		return
	}
	f.mu.Lock()
	news := false
	for _, r := range revs {
		if kind := kindIndex(r.Kind); kind >= 0 && f.add(kind, r) {
			news = true
		}
	}
	if news {
		f.epoch.Add(1)
	}
	f.mu.Unlock()
	for _, r := range revs {
		if r.Kind == iam.ForgetMembers {
			f.ForgetMembers(r.RealmID, r.ID)
		}
	}
}

// add widens the entry for r's subject and says whether that changed anything.
func (f *Feed) add(kind int, r iam.Revocation) bool {
	k := feedKey{r.RealmID, r.ID}
	next := feedEntry{until: r.Until}
	switch kind {
	case ofRealm:
		k.id = r.RealmID
		next.issuedBefore = r.IssuedBefore
	case ofUser, ofClient:
		next.issuedBefore = r.IssuedBefore
	}
	old, ok := f.refuse[kind][k]
	if ok {
		next.issuedBefore = max(old.issuedBefore, next.issuedBefore)
		next.until = max(old.until, next.until)
	}
	f.refuse[kind][k] = next
	return !ok || next != old
}

// Epoch changes whenever a token that was good may have become refused.
func (f *Feed) Epoch() uint64 { return f.epoch.Load() }

// Refused says whether an entry names the token. clientID is the client's
// UUID; the claims state its clientId.
func (f *Feed) Refused(realmID, clientID string, c *token.Claims) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.has(ofToken, realmID, c.ID) ||
		f.has(ofFamily, realmID, c.Family) ||
		f.has(ofSession, realmID, c.SessionID) ||
		len(f.refuse[ofClientSession]) > 0 && f.has(ofClientSession, realmID, c.SessionID+"/"+clientID) ||
		f.before(ofUser, realmID, c.Subject, c.IssuedAt) ||
		f.before(ofClient, realmID, clientID, c.IssuedAt) ||
		f.before(ofRealm, realmID, realmID, c.IssuedAt)
}

func (f *Feed) has(kind int, realm, id string) bool {
	m := f.refuse[kind]
	if len(m) == 0 || id == "" {
		return false
	}
	_, ok := m[feedKey{realm, id}]
	return ok
}

func (f *Feed) before(kind int, realm, id string, issuedAt int64) bool {
	m := f.refuse[kind]
	if len(m) == 0 {
		return false
	}
	e, ok := m[feedKey{realm, id}]
	return ok && issuedAt < e.issuedBefore
}

// sweep drops the entries that can touch no token any more.
func (f *Feed) sweep() {
	now := f.Clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := now.Sub(f.swept); d >= 0 && d < sweepFeed {
		return
	}
	f.swept = now
	for _, m := range f.refuse {
		for k, e := range m {
			if e.until < now.UnixMilli() {
				delete(m, k)
			}
		}
	}
}

// Len is the number of entries in force.
func (f *Feed) Len() (n int) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, m := range f.refuse {
		n += len(m)
	}
	return n
}
