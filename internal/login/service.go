package login

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// Store is what sign-in reads and writes. Every method is one fact; errors are
// iam.ErrNotFound, iam.ErrStale or iam.ErrUnavailable, wrapped.
type Store interface {
	UserByName(ctx context.Context, realmID, canonical string) (iam.User, error)
	UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error)
	// Failures reads a failure row, zero when there is none, with the store's
	// time (Unix ms), by which all nodes judge alike.
	Failures(ctx context.Context, realmID, key string) (f iam.Failures, at int64, err error)
	// ReplaceFailures writes next where the row's Rev is prev's, with the event;
	// ErrStale otherwise.
	ReplaceFailures(ctx context.Context, realmID, key string, prev, next iam.Failures, ev *iam.Event) error
	// UpgradePassword writes next where the password credential is prev; ErrStale
	// otherwise.
	UpgradePassword(ctx context.Context, userID string, prev, next iam.Credential) error
	RecordEvent(ctx context.Context, ev iam.Event) error
}

// Clock is the injected time. Sleep returns ctx.Err() when ctx ends first.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Hasher makes and checks password hashes; secret.Hasher is one. Dummy costs
// what Verify of a fresh Hash costs. Kind names algorithm and cost, "" when the
// hash is unusable.
type Hasher interface {
	Hash(password string) (secretData, credentialData string, err error)
	Verify(secretData, credentialData, password string) (bool, error)
	Dummy(password string)
	NeedsRehash(secretData, credentialData string) bool
	Kind(secretData, credentialData string) string
	DefaultKind() string
}

// Metrics are told what happened; every member may be nil. Outcomes are a fixed
// set: ok, cached, wrong, unknown, waiting, disabled, not_set_up, busy, error.
type Metrics struct {
	Login func(outcome string)
	Hash  func(kind string, d time.Duration) // kind is the Hasher's
	// Wait is told how long a login stood in line before it could hash.
	Wait func(d time.Duration)
	// Verified is told what a stored hash said of a password: valid, invalid, or
	// error where the hash cannot be used.
	Verified func(realmID, kind, outcome string)
}

// Config is what a Service is made of. Store, Clock and NameKey must be set.
type Config struct {
	Store  Store
	Clock  Clock
	Hasher Hasher // nil takes secret.NewHasher()
	// Slots is how many hashes run at a time: max(1, cores-1); 0 means 1.
	Slots int
	// NameKey keys the failure rows of unknown names and the tags of wrong
	// passwords; secret, at least 32 bytes, the same on every node and start.
	NameKey []byte
	// ProcessKey keys what stays in memory; nil takes 32 random bytes.
	ProcessKey []byte
	// CacheSize bounds the verified-password cache in users; 0 means 65,536.
	CacheSize int
	// AddressFailures and NetworkFailures are the wrong passwords a minute that
	// one address (/32, /64) and one network (/24, /48) may send; 0 means 20 and
	// 200, less than 0 no bound.
	AddressFailures, NetworkFailures int
	NewID                            func() string // reservation ids; nil takes secret.NewID
	Log                              *slog.Logger  // nil discards
	Metrics                          Metrics
	// Step begins the span of something a request waits for. nil: no spans.
	Step func(ctx context.Context, name string) (_ context.Context, end func(error))
}

// Service judges sign-ins. It is safe for concurrent use.
type Service struct {
	store      Store
	clock      Clock
	hasher     Hasher
	nameKey    []byte
	processKey []byte
	newID      func() string
	log        *slog.Logger
	metrics    Metrics
	step       func(ctx context.Context, name string) (context.Context, func(error))

	places    *gate         // who may reserve: one more than hash slots
	slots     chan struct{} // who may hash
	flights   *flights
	cache     *cache
	costs     *costs
	addresses *buckets

	base context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup
}

// The sizes of what is bounded.
const (
	defaultCacheSize       = 1 << 16
	defaultAddressFailures = 20
	defaultNetworkFailures = 200
	minKey                 = 32
)

// New makes a Service of its parts. It panics when one that must be set is
// missing or NameKey is short, which is a fault of the program.
func New(c Config) *Service {
	if c.Store == nil || c.Clock == nil || len(c.NameKey) < minKey {
		panic("login: Store, Clock and a NameKey of 32 bytes must be set")
	}
	s := &Service{
		store: c.Store, clock: c.Clock, hasher: c.Hasher, nameKey: c.NameKey, processKey: c.ProcessKey,
		newID: c.NewID, log: c.Log, metrics: c.Metrics, step: c.Step,
		slots:     make(chan struct{}, max(1, c.Slots)),
		flights:   newFlights(),
		cache:     newCache(orDefault(c.CacheSize, defaultCacheSize)),
		addresses: newBuckets(orDefault(c.AddressFailures, defaultAddressFailures), orDefault(c.NetworkFailures, defaultNetworkFailures)),
	}
	if s.hasher == nil {
		s.hasher = secret.NewHasher()
	}
	if len(s.processKey) == 0 {
		s.processKey = secret.Token(minKey)
	}
	if s.newID == nil {
		s.newID = secret.NewID
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics.Login == nil {
		s.metrics.Login = func(string) {}
	}
	if s.metrics.Hash == nil {
		s.metrics.Hash = func(string, time.Duration) {}
	}
	if s.metrics.Wait == nil {
		s.metrics.Wait = func(time.Duration) {}
	}
	if s.metrics.Verified == nil {
		s.metrics.Verified = func(string, string, string) {}
	}
	if s.step == nil {
		s.step = func(ctx context.Context, _ string) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	s.costs = newCosts(s.hasher.DefaultKind())
	// One place more than slots: while a hash runs, the next attempt reserves, so
	// that the slot never waits for the disk.
	s.places = newGate(cap(s.slots)+1, func() (int, time.Duration) {
		each := s.costs.usual() / time.Duration(cap(s.slots))
		return max(minQueue, int(queueWork/max(each, time.Microsecond))), each
	})
	s.base, s.stop = context.WithCancel(context.Background())
	return s
}

// Close refuses what waits for a hash and returns when the hashes that run have
// ended and are recorded. The store must still be open.
func (s *Service) Close() {
	s.flights.close()
	s.stop()
	s.work.Wait()
}

// Wait returns when nothing runs in the background, rehashing included.
func (s *Service) Wait() { s.work.Wait() }

// Queue is how many attempts wait for a hash, for a gauge.
func (s *Service) Queue() int { return s.places.waiting() }

// Hashing is how many hashes run, for a gauge.
func (s *Service) Hashing() int { return len(s.slots) }

func orDefault(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}
