package login

import (
	"crypto/subtle"
	"sync"
	"time"
)

// cacheLife is how long a verified password is remembered.
const cacheLife = 5 * time.Minute

// cache remembers verified passwords: for each user one tag (HMAC-SHA-256 under
// the process key over user id, stored hash and password). A changed password
// or rehash changes the tag, so it misses. It replaces a hash, nothing else.
type cache struct {
	size int

	mu      sync.Mutex
	entries map[string]remembered // by user id
	order   []aged                // oldest first; may name replaced entries
}

type remembered struct {
	stored  tag // over the stored hash alone
	tag     tag
	expires time.Time
}

type aged struct {
	userID  string
	expires time.Time
}

type tag [32]byte

// recall is what the cache knows of a guess.
type recall int

const (
	nothing  recall = iota
	right           // this password was verified against this stored hash
	mismatch        // another one was: this one is certainly wrong
)

func newCache(size int) *cache {
	return &cache{size: size, entries: map[string]remembered{}}
}

func (c *cache) look(userID string, stored, guess tag, now time.Time) recall {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[userID]
	if !ok || !now.Before(e.expires) || subtle.ConstantTimeCompare(e.stored[:], stored[:]) != 1 {
		return nothing
	}
	if subtle.ConstantTimeCompare(e.tag[:], guess[:]) != 1 {
		return mismatch
	}
	return right
}

func (c *cache) put(userID string, stored, verified tag, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	expires := now.Add(cacheLife)
	c.entries[userID] = remembered{stored: stored, tag: verified, expires: expires}
	c.order = append(c.order, aged{userID: userID, expires: expires})
	c.trim(now)
}

// trim drops what has expired and what is over the bound, oldest first. A user
// who was put again stands in the order twice; the older mention drops nothing.
func (c *cache) trim(now time.Time) {
	n := 0
	for n < len(c.order) {
		oldest := c.order[n]
		if now.Before(oldest.expires) && len(c.entries) <= c.size && len(c.order)-n <= 2*c.size {
			break
		}
		if e, ok := c.entries[oldest.userID]; ok && e.expires.Equal(oldest.expires) {
			delete(c.entries, oldest.userID)
		}
		n++
	}
	c.order = c.order[n:]
}
