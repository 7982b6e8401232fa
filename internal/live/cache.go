package live

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

const shards = 16

// cache is a bounded map for many readers. When a shard is full the first
// entry not used since the hand last passed gives way (CLOCK), so reading
// needs no exclusive lock.
type cache[K comparable, V any] struct {
	seed  maphash.Seed
	shard [shards]shard[K, V]
}

type shard[K comparable, V any] struct {
	mu    sync.RWMutex
	limit int
	m     map[K]*slot[K, V]
	ring  []*slot[K, V] // grows to limit
	hand  int
}

type slot[K comparable, V any] struct {
	key  K
	val  V
	at   int // index in ring
	used atomic.Bool
}

// newCache makes a cache for at most limit entries, rounded up to a multiple
// of the number of shards.
func newCache[K comparable, V any](limit int) *cache[K, V] {
	c := &cache[K, V]{seed: maphash.MakeSeed()}
	for i := range c.shard {
		c.shard[i].limit = max(1, (limit+shards-1)/shards)
		c.shard[i].m = make(map[K]*slot[K, V])
	}
	return c
}

func (c *cache[K, V]) of(k K) *shard[K, V] {
	return &c.shard[maphash.Comparable(c.seed, k)%shards]
}

func (c *cache[K, V]) get(k K) (v V, ok bool) {
	s := c.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.m[k]
	if !ok {
		return v, false
	}
	if !e.used.Load() { // a plain store at every read would bounce the line between cores
		e.used.Store(true)
	}
	return e.val, true
}

func (c *cache[K, V]) put(k K, v V) {
	s := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.m[k]; ok { // replaced, not changed: readers hold no lock on the value
		e := &slot[K, V]{key: k, val: v, at: old.at}
		s.m[k], s.ring[old.at] = e, e
		return
	}
	e := &slot[K, V]{key: k, val: v, at: len(s.ring)}
	if len(s.ring) < s.limit {
		s.ring = append(s.ring, e)
	} else {
		s.evict(e)
	}
	s.m[k] = e
}

// evict puts e in the place of the first slot not used lately.
func (s *shard[K, V]) evict(e *slot[K, V]) {
	for s.ring[s.hand].used.Swap(false) {
		s.hand = (s.hand + 1) % len(s.ring)
	}
	delete(s.m, s.ring[s.hand].key)
	e.at = s.hand
	s.ring[s.hand] = e
	s.hand = (s.hand + 1) % len(s.ring)
}

func (c *cache[K, V]) drop(k K) {
	s := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.m[k]; ok {
		s.remove(e)
	}
}

// dropIf removes every entry that gone holds for.
func (c *cache[K, V]) dropIf(gone func(K, V) bool) {
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.Lock()
		for j := len(s.ring) - 1; j >= 0; j-- {
			if e := s.ring[j]; gone(e.key, e.val) {
				s.remove(e)
			}
		}
		s.mu.Unlock()
	}
}

// remove fills e's place in the ring with the last slot.
func (s *shard[K, V]) remove(e *slot[K, V]) {
	last := len(s.ring) - 1
	moved := s.ring[last]
	moved.at = e.at
	s.ring[e.at] = moved
	s.ring[last] = nil
	s.ring = s.ring[:last]
	delete(s.m, e.key)
	if s.hand >= len(s.ring) {
		s.hand = 0
	}
}

func (c *cache[K, V]) len() (n int) {
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.RLock()
		n += len(s.m)
		s.mu.RUnlock()
	}
	return n
}
