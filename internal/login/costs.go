package login

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// The floor under every failed answer: one and a half times the slowest kind of
// hash stored in the realm, rounded up to the next 25 ms, and no more than a
// person waits for without harm: one dear hash must not hold up everybody.
const (
	floorStep    = 25 * time.Millisecond
	maxFloor     = 2 * time.Second
	assumedCost  = 20 * time.Millisecond // of a new hash, until measured
	maxKinds     = 64                    // per realm; a file cannot ask for endless measuring
	longMeasure  = 250 * time.Millisecond
	measureTimes = 3
)

// costs knows how long each kind of hash takes, and which kinds a realm stores.
type costs struct {
	fresh string // the kind of new hashes, counted as stored in every realm

	mu       sync.Mutex
	kinds    map[string]time.Duration
	measured map[string]bool
	realms   map[string]map[string]bool
}

func newCosts(fresh string) *costs {
	return &costs{
		fresh: fresh, kinds: map[string]time.Duration{},
		measured: map[string]bool{}, realms: map[string]map[string]bool{},
	}
}

// usual is what a new hash takes.
func (c *costs) usual() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known(c.fresh)
}

func (c *costs) floor(realmID string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	slowest := c.known(c.fresh)
	for kind := range c.realms[realmID] {
		slowest = max(slowest, c.known(kind))
	}
	floor := slowest + slowest/2
	return min(maxFloor, max(floorStep, (floor+floorStep-1)/floorStep*floorStep))
}

// known is the measured time of a kind; callers hold the lock.
func (c *costs) known(kind string) time.Duration {
	if d, ok := c.kinds[kind]; ok {
		return d
	}
	if kind == c.fresh {
		return assumedCost
	}
	return 0
}

// meet notes that a realm stores a kind and says whether it needs measuring.
func (c *costs) meet(realmID, kind string) (unmeasured bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := c.realms[realmID]
	if kinds == nil {
		kinds = map[string]bool{}
		c.realms[realmID] = kinds
	}
	if !kinds[kind] && len(kinds) >= maxKinds {
		return false
	}
	kinds[kind] = true
	return !c.measured[kind]
}

// learn sets the time of a kind. What live traffic took counts only until the
// kind is measured, and only the first time.
func (c *costs) learn(kind string, d time.Duration, measured bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.kinds[kind]; measured || !ok {
		c.kinds[kind] = d
		c.measured[kind] = measured
	}
}

// Floor is the least time a failed answer in the realm takes.
func (s *Service) Floor(realmID string) time.Duration { return s.costs.floor(realmID) }

// Measure times a new hash and every kind of hash among the credentials that is
// not measured yet, and so sets the realm's floor. It takes its turn in the
// queue like a login and is meant for the background: until it is done the
// floor stands on an assumption, and on what live logins were seen to take.
func (s *Service) Measure(ctx context.Context, realmID string, stored ...iam.Credential) error {
	if s.costs.meet(realmID, s.costs.fresh) {
		if err := s.measure(ctx, s.costs.fresh, func() { s.hasher.Dummy("") }); err != nil {
			return err
		}
	}
	for i, c := range stored {
		if i > 0 && likely(&c, &stored[i-1]) {
			continue
		}
		kind := s.hasher.Kind(c.SecretData, c.CredentialData)
		if kind == "" || !s.costs.meet(realmID, kind) {
			continue
		}
		err := s.measure(ctx, kind, func() { _, _ = s.hasher.Verify(c.SecretData, c.CredentialData, "") })
		if err != nil {
			return err
		}
	}
	return nil
}

// likely says whether two hashes are of one kind without reading them: nearly
// all of a realm's are, and reading each kept a core busy for seconds after
// the start of a server with 80,000 users. bcrypt has its cost in the secret.
func likely(a, b *iam.Credential) bool {
	return a.CredentialData == b.CredentialData && len(a.SecretData) == len(b.SecretData) &&
		!strings.Contains(a.CredentialData, "bcrypt")
}

// MeasureRealm is Measure for all users of a realm, read page by page in the
// order of their ids, as a store's Passwords method gives them.
func (s *Service) MeasureRealm(ctx context.Context, realmID string,
	users func(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error)) error {
	const page = 500
	after := ""
	for {
		list, err := users(ctx, realmID, after, page)
		if err != nil {
			return err
		}
		var stored []iam.Credential
		for i := range list {
			if p := list[i].Password; p != nil {
				stored = append(stored, *p)
			}
		}
		if err := s.Measure(ctx, realmID, stored...); err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
	}
}

// measure takes the shortest of three runs, since whatever else the machine
// does only adds to one; one run when that is long already. Each run takes its
// turn by itself, so that people who log in come between them.
func (s *Service) measure(ctx context.Context, kind string, run func()) error {
	var shortest time.Duration
	for i := range measureTimes {
		if err := s.places.enter(ctx, netip.Prefix{}); err != nil {
			return err
		}
		took := s.inSlot(func() string { run(); return kind })
		s.places.leave()
		if i == 0 || took < shortest {
			shortest = took
		}
		if shortest > longMeasure {
			break
		}
	}
	s.costs.learn(kind, shortest, true)
	return nil
}

// inSlot runs a hash in a slot, which is free again when the hash has ended and
// not before, and tells how long it took. run returns the hash's kind.
func (s *Service) inSlot(run func() (kind string)) time.Duration {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	start := s.clock.Now()
	kind := run()
	took := s.clock.Now().Sub(start)
	s.metrics.Hash(kind, took)
	return took
}
