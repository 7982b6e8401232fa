package login

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Tests run in a synctest bubble: its clock moves when everybody waits.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fakeHasher counts and takes the bubble's time. A hash is "plain:password";
// "old:" is an outdated kind, "bad:" one that cannot be used.
type fakeHasher struct {
	mu       sync.Mutex
	cost     map[string]time.Duration // by kind
	verified []string
	dummies  int
	made     int
	running  int
	most     int // hashes at the same time
	gate     chan struct{}
}

const usualHash = 16 * time.Millisecond

func newFakeHasher() *fakeHasher {
	return &fakeHasher{cost: map[string]time.Duration{"plain": usualHash, "old": 90 * time.Millisecond}}
}

func (h *fakeHasher) run(kind string) {
	h.mu.Lock()
	h.running++
	h.most = max(h.most, h.running)
	cost, gate := h.cost[kind], h.gate
	h.mu.Unlock()
	time.Sleep(cost)
	if gate != nil {
		<-gate
	}
	h.mu.Lock()
	h.running--
	h.mu.Unlock()
}

func (h *fakeHasher) Hash(password string) (string, string, error) {
	h.run("plain")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	return "plain:" + password, fmt.Sprint("made ", h.made), nil
}

func (h *fakeHasher) Verify(secretData, _, password string) (bool, error) {
	kind, hashed, _ := strings.Cut(secretData, ":")
	if kind == "bad" {
		return false, errors.New("unusable")
	}
	h.mu.Lock()
	h.verified = append(h.verified, password)
	h.mu.Unlock()
	h.run(kind)
	return hashed == password, nil
}

func (h *fakeHasher) Dummy(string) {
	h.mu.Lock()
	h.dummies++
	h.mu.Unlock()
	h.run("plain")
}

func (h *fakeHasher) NeedsRehash(secretData, _ string) bool {
	return strings.HasPrefix(secretData, "old:")
}

func (h *fakeHasher) Kind(secretData, _ string) string {
	kind, _, _ := strings.Cut(secretData, ":")
	if kind == "bad" {
		return ""
	}
	return kind
}

func (h *fakeHasher) DefaultKind() string { return "plain" }

// hashes is how many were checked so far, dummies included.
func (h *fakeHasher) hashes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.verified) + h.dummies
}

// atATime is how many hashes run, and how many ran at most.
func (h *fakeHasher) atATime() (now, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running, h.most
}

// fakeStore is Store in memory with real compare and swap.
type fakeStore struct {
	mu      sync.Mutex
	users   map[string]iam.User // by id
	rows    map[string]iam.Failures
	events  []iam.Event
	writes  int // of failure rows
	upgrade error
	broken  error
	slow    time.Duration // what writing a failure row takes
}

func (s *fakeStore) find(match func(iam.User) bool) (iam.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return iam.User{}, s.broken
	}
	for _, u := range s.users {
		if match(u) {
			return u, nil
		}
	}
	return iam.User{}, fmt.Errorf("user: %w", iam.ErrNotFound)
}

func (s *fakeStore) UserByName(_ context.Context, _, name string) (iam.User, error) {
	return s.find(func(u iam.User) bool { return u.Username == name })
}

func (s *fakeStore) UserByEmail(_ context.Context, _, email string) (iam.User, error) {
	return s.find(func(u iam.User) bool { return u.Email == email })
}

func (s *fakeStore) Failures(_ context.Context, _, key string) (iam.Failures, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[key], time.Now().UnixMilli(), s.broken
}

func (s *fakeStore) ReplaceFailures(_ context.Context, _, key string, prev, next iam.Failures, ev *iam.Event) error {
	if s.slow > 0 {
		time.Sleep(s.slow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if s.rows[key].Rev != prev.Rev {
		return iam.ErrStale
	}
	next.Rev = prev.Rev + 1
	next.Reservations = slices.Clone(next.Reservations)
	s.rows[key] = next
	s.writes++
	if ev != nil {
		s.events = append(s.events, *ev)
	}
	return nil
}

func (s *fakeStore) UpgradePassword(_ context.Context, userID string, prev, next iam.Credential) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.upgrade != nil {
		return s.upgrade
	}
	u := s.users[userID]
	if u.Password == nil || *u.Password != prev {
		return iam.ErrStale
	}
	u.Password = &next
	s.users[userID] = u
	return nil
}

func (s *fakeStore) RecordEvent(_ context.Context, ev iam.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.events = append(s.events, ev)
	}
	return s.broken
}

func (s *fakeStore) row(key string) iam.Failures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[key]
}

func (s *fakeStore) allRows() map[string]iam.Failures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.rows)
}

func (s *fakeStore) setRow(key string, f iam.Failures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[key] = f
}

func (s *fakeStore) logged() []iam.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *fakeStore) rowWrites() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *fakeStore) user(id string) iam.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[id]
}

func (s *fakeStore) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, id)
}

func (s *fakeStore) breakWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// set replaces a user.
func (s *fakeStore) set(u iam.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = u
}

func (s *fakeStore) change(id string, f func(*iam.User)) {
	s.mu.Lock()
	u := s.users[id]
	s.mu.Unlock()
	f(&u)
	s.set(u)
}

// bench is a Service with everything around it.
type bench struct {
	*Service
	store  *fakeStore
	hasher *fakeHasher
	cfg    *iam.RealmConfig
}

// user makes a user whose password is "right".
func user(id string) iam.User {
	return iam.User{
		ID: id, RealmID: "realm", Username: id, Email: id + "@example.com", Enabled: true,
		Password: &iam.Credential{Type: "password", SecretData: "plain:right", CredentialData: "of " + id},
	}
}

// inBubble runs f with a Service that has one user, "anna".
func inBubble(t *testing.T, f func(t *testing.T, b *bench), changes ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{
			store:  &fakeStore{users: map[string]iam.User{"anna": user("anna")}, rows: map[string]iam.Failures{}},
			hasher: newFakeHasher(),
			cfg:    &iam.RealmConfig{Realm: iam.Realm{ID: "realm", Enabled: true, LoginWithEmail: true}},
		}
		c := Config{Store: b.store, Clock: bubbleClock{}, Hasher: b.hasher, NameKey: make([]byte, 32), Slots: 1}
		for _, change := range changes {
			change(&c)
		}
		b.Service = New(c)
		f(t, b)
		b.Close()
	})
}

func noAddressBound(c *Config) { c.AddressFailures, c.NetworkFailures = -1, -1 }

func attempt(name, password string) iam.Attempt {
	return iam.Attempt{
		Username: name, Password: password, Address: netip.MustParseAddr("192.0.2.1"),
		ClientID: "anonymous", EventID: "event", Direct: true,
	}
}

// try is one attempt and how long it took.
func (b *bench) try(t *testing.T, name, password string) (iam.Verified, time.Duration, error) {
	t.Helper()
	start := time.Now()
	v, err := b.Authenticate(t.Context(), b.cfg, attempt(name, password))
	return v, time.Since(start), err
}

// wrongTimes makes n different wrong guesses, each after the wait before.
func (b *bench) wrongTimes(t *testing.T, name string, n int) {
	t.Helper()
	for i := range n {
		if _, _, err := b.try(t, name, fmt.Sprint("wrong ", i, time.Now())); !errors.Is(err, iam.ErrBadCredentials) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
}

// together runs f(0) … f(n-1) at once and returns their errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

func isBusy(err error) bool {
	var busy iam.BusyError
	return errors.As(err, &busy) && busy.RetryAfter > 0
}
