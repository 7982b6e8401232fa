package login

import (
	"net/netip"
	"sync"
	"time"
)

// buckets bound the wrong passwords per client address and per network. Only
// wrong passwords that were judged take from them.
type buckets struct {
	mu        sync.Mutex
	addresses bucketSet
	networks  bucketSet
}

func newBuckets(perAddress, perNetwork int) *buckets {
	return &buckets{addresses: newBucketSet(perAddress), networks: newBucketSet(perNetwork)}
}

// check says how long an address has to wait for its next attempt; 0: not.
// Without an address nothing is bounded.
func (b *buckets) check(a netip.Addr, now time.Time) time.Duration {
	if !a.IsValid() {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.addresses.check(addressOf(a), now), b.networks.check(networkOf(a), now))
}

// take records a wrong password.
func (b *buckets) take(a netip.Addr, now time.Time) {
	if !a.IsValid() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addresses.take(addressOf(a), now)
	b.networks.take(networkOf(a), now)
}

// addressOf is what counts as one client: an IPv4 address or an IPv6 /64.
func addressOf(a netip.Addr) netip.Prefix { return prefixOf(a, 32, 64) }

// networkOf is what counts as one network: an IPv4 /24 or an IPv6 /48.
func networkOf(a netip.Addr) netip.Prefix { return prefixOf(a, 24, 48) }

func prefixOf(a netip.Addr, v4, v6 int) netip.Prefix {
	a = a.Unmap()
	bits := v6
	if a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address
	}
	return p
}

// bucketSet is a set of token buckets kept as one time each (GCRA): the time at
// which the bucket would be full again. A bucket is full again after a minute,
// so two generations of a minute hold all that matter, and the size bounds both.
type bucketSet struct {
	perMinute         int // less than 1: no bound
	size              int // of a generation
	current, previous map[netip.Prefix]time.Time
	since             time.Time
}

const maxBuckets = 1 << 15

func newBucketSet(perMinute int) bucketSet {
	return bucketSet{perMinute: perMinute, size: maxBuckets, current: map[netip.Prefix]time.Time{}}
}

func (s *bucketSet) full(p netip.Prefix, now time.Time) time.Time {
	t, ok := s.current[p]
	if !ok {
		t = s.previous[p]
	}
	if t.Before(now) {
		return now
	}
	return t
}

func (s *bucketSet) check(p netip.Prefix, now time.Time) time.Duration {
	if s.perMinute < 1 {
		return 0
	}
	each := time.Minute / time.Duration(s.perMinute)
	return max(0, s.full(p, now).Add(each).Sub(now)-time.Minute)
}

func (s *bucketSet) take(p netip.Prefix, now time.Time) {
	if s.perMinute < 1 {
		return
	}
	full := s.full(p, now).Add(time.Minute / time.Duration(s.perMinute))
	if now.Sub(s.since) > time.Minute || len(s.current) >= s.size {
		s.previous, s.current, s.since = s.current, map[netip.Prefix]time.Time{}, now
	}
	s.current[p] = full
}
