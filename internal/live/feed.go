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

// The feed's times (DESIGN 4.3).
const (
	pollFeed     = 250 * time.Millisecond
	sweepFeed    = 10 * time.Second
	freshFor     = time.Second            // longer unconfirmed: ask the store
	askLimit     = 250 * time.Millisecond // of one question
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
	refuse map[feedKey]feedEntry
	// epoch counts the entries that refuse something; a token found good at
	// one epoch need not be looked up again until the next.
	epoch  atomic.Uint64
	last   int64     // highest sequence number read from the store
	swept  time.Time // when ended entries were last dropped
	asking askState
}

type feedKey struct {
	realm string
	kind  iam.RevocationKind
	id    string
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
	return &Feed{FeedOptions: o, refuse: make(map[feedKey]feedEntry)}
}

// Load reads the feed for the first time; nothing may be answered before.
func (f *Feed) Load(ctx context.Context) error {
	if err := f.ask(ctx); err != nil {
		return fmt.Errorf("reading the revocation feed: %w", err)
	}
	return nil
}

// Run polls the store until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	failing := false
	every(ctx, f.Clock, pollFeed, func(ctx context.Context) {
		err := f.ask(ctx)
		if ctx.Err() == nil && (err != nil) != failing { // log the change, not every poll
			failing = err != nil
			f.Log.Warn("revocation feed poll", "failing", failing, "error", err)
		}
		f.sweep()
	})
}

// Apply puts entries in force at once. Whoever wrote some calls it before it
// answers. The poll reads them again, which changes nothing.
func (f *Feed) Apply(revs ...iam.Revocation) {
	if len(revs) == 0 {
		return
	}
	f.mu.Lock()
	refusals := 0
	for _, r := range revs {
		if r.Kind != iam.ForgetMembers && f.add(r) {
			refusals++
		}
	}
	if refusals > 0 {
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
func (f *Feed) add(r iam.Revocation) bool {
	k := feedKey{r.RealmID, r.Kind, r.ID}
	if r.Kind == iam.RevokeRealm {
		k.id = r.RealmID
	}
	next := feedEntry{until: r.Until}
	switch r.Kind {
	case iam.RevokeUser, iam.RevokeClient, iam.RevokeRealm:
		next.issuedBefore = r.IssuedBefore
	}
	old, ok := f.refuse[k]
	if ok {
		next.issuedBefore = max(old.issuedBefore, next.issuedBefore)
		next.until = max(old.until, next.until)
	}
	f.refuse[k] = next
	return !ok || next != old
}

// Epoch changes whenever a token that was good may have become refused.
func (f *Feed) Epoch() uint64 { return f.epoch.Load() }

// Refused says whether an entry names the token. clientID is the client's
// UUID; the claims state its clientId.
func (f *Feed) Refused(realmID, clientID string, c *token.Claims) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if len(f.refuse) == 0 {
		return false
	}
	return f.has(realmID, iam.RevokeToken, c.ID) ||
		f.has(realmID, iam.RevokeFamily, c.Family) ||
		f.has(realmID, iam.RevokeSession, c.SessionID) ||
		f.has(realmID, iam.RevokeClientSession, c.SessionID+"/"+clientID) ||
		f.before(realmID, iam.RevokeUser, c.Subject, c.IssuedAt) ||
		f.before(realmID, iam.RevokeClient, clientID, c.IssuedAt) ||
		f.before(realmID, iam.RevokeRealm, realmID, c.IssuedAt)
}

func (f *Feed) has(realm string, kind iam.RevocationKind, id string) bool {
	if id == "" {
		return false
	}
	_, ok := f.refuse[feedKey{realm, kind, id}]
	return ok
}

func (f *Feed) before(realm string, kind iam.RevocationKind, id string, issuedAt int64) bool {
	e, ok := f.refuse[feedKey{realm, kind, id}]
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
	for k, e := range f.refuse {
		if e.until < now.UnixMilli() {
			delete(f.refuse, k)
		}
	}
}

// Len is the number of entries in force.
func (f *Feed) Len() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.refuse)
}
