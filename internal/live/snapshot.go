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

// Config is the whole configuration at one version, keys opened. Immutable.
type Config struct {
	Version int64
	Realms  map[string]*token.Realm // by name
	// RealmsDamaged says that the row of a realm is damaged: a realm that is not
	// among the others may be the one.
	RealmsDamaged bool

	byKID map[string][]*token.Realm
	byID  map[string]*token.Realm
}

// SnapshotOptions are a Snapshot's dependencies; all are required but Log.
type SnapshotOptions struct {
	// Load reads the stored configuration in one transaction and opens the keys.
	Load func(context.Context) (*Config, error)
	// Version reads the stored configuration's version: cheap, once a second.
	Version func(context.Context) (int64, error)
	Clock   Clock
	Log     *slog.Logger
}

// Snapshot holds the current Config. Readers get it by one atomic load.
type Snapshot struct {
	SnapshotOptions
	cur atomic.Pointer[Config]
	// confirmed is when the store last said that cur is what it holds, Unix ns.
	confirmed atomic.Int64

	mu     sync.Mutex // held while reading the store
	reread time.Time  // when an unknown kid last forced a re-read
}

// pollVersion is how often the stored version is compared: a change elsewhere
// is seen within a second even when every notification is lost.
const (
	pollVersion  = 500 * time.Millisecond
	forcedReread = time.Second
	configLimit  = 5 * time.Second
)

// NewSnapshot makes a holder that is empty until Reload succeeds.
func NewSnapshot(o SnapshotOptions) *Snapshot {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Snapshot{SnapshotOptions: o}
	s.cur.Store(&Config{})
	return s
}

// Realm finds a realm by name.
func (s *Snapshot) Realm(name string) (*token.Realm, bool) {
	r, ok := s.cur.Load().Realms[name]
	return r, ok
}

// RealmByID finds a realm by its UUID.
func (s *Snapshot) RealmByID(id string) (*token.Realm, bool) { return s.cur.Load().realmByID(id) }

// NoRealm is why a realm may be missing: nil, or iam.ErrDamaged where it may be
// one whose row is damaged.
func (s *Snapshot) NoRealm() error { return s.cur.Load().noRealm() }

func (cfg *Config) noRealm() error {
	if cfg.RealmsDamaged {
		return iam.ErrDamaged
	}
	return nil
}

// noKey is why a key may be known to no realm, likewise.
func (cfg *Config) noKey() error {
	for _, r := range cfg.Realms {
		if r.Keys.Damaged {
			return iam.ErrDamaged
		}
	}
	return cfg.noRealm()
}

// Config is the present configuration; never nil.
func (s *Snapshot) Config() *Config { return s.cur.Load() }

// Age is the time since the store last confirmed the configuration in force.
func (s *Snapshot) Age(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, s.confirmed.Load()))
}

// Reload reads the configuration and puts it in force: at start, and at once
// after this process changed it.
func (s *Snapshot) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx)
}

func (s *Snapshot) load(ctx context.Context) error {
	asked := s.Clock.Now()
	next, err := s.Load(ctx)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	next.byKID = make(map[string][]*token.Realm)
	next.byID = make(map[string]*token.Realm, len(next.Realms))
	for _, r := range next.Realms {
		next.byID[r.Realm.ID] = r
		for kid := range r.Keys.Verify {
			next.byKID[kid] = append(next.byKID[kid], r)
		}
	}
	s.cur.Store(next)
	s.confirmed.Store(asked.UnixNano())
	return nil
}

// Reread re-reads the configuration because a token names a key this node does
// not know: perhaps another node made it a moment ago. It does so at most once
// a second; callers wait for a running read. It says whether the configuration
// differs from before, the snapshot the caller judged by.
func (s *Snapshot) Reread(ctx context.Context, before *Config) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur.Load() != before {
		return true
	}
	if d := s.Clock.Now().Sub(s.reread); d >= 0 && d < forcedReread {
		return false
	}
	defer func() { s.reread = s.Clock.Now() }() // of the end: a slow store is not asked again by each waiter
	// The read serves everybody, so one caller's hang-up does not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), configLimit)
	defer cancel()
	if err := s.load(ctx); err != nil {
		s.Log.Warn("re-read for an unknown key failed", "error", err)
		return false
	}
	return true
}

// Run compares versions until ctx ends.
func (s *Snapshot) Run(ctx context.Context) {
	poll(ctx, s.Clock, pollVersion, s.Log, "configuration poll", s.poll)
}

func (s *Snapshot) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, configLimit)
	defer cancel()
	asked := s.Clock.Now()
	v, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if v == s.cur.Load().Version {
		s.confirmed.Store(asked.UnixNano())
		return nil
	}
	return s.Reload(ctx)
}
