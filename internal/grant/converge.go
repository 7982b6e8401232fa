package grant

import "sync"

// maxConverges is how many uses of a rotated-out token one generation answers
// on this node. It stops one token from buying signatures without end.
const maxConverges = 64

// maxCounted bounds how many families are counted at a time.
const maxCounted = 8192

// converges counts, per family and generation, the answers that repeated the
// current refresh token. It holds memory for families at that moment only.
type converges struct {
	mu     sync.Mutex
	counts map[string]generationCount
}

type generationCount struct {
	gen   int64
	count int
}

func newConverges() *converges { return &converges{counts: make(map[string]generationCount)} }

// take counts one more and says whether it is within the bound.
func (c *converges) take(familyID string, gen int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, known := c.counts[familyID]
	if !known && len(c.counts) >= maxCounted {
		c.evict()
	}
	if n.gen != gen {
		n = generationCount{gen: gen}
	}
	if n.count >= maxConverges {
		return false
	}
	n.count++
	c.counts[familyID] = n
	return true
}

// evict drops some families. One dropped too early may have its 64 once more.
func (c *converges) evict() {
	dropped := 0
	for id := range c.counts {
		delete(c.counts, id)
		if dropped++; dropped >= maxCounted/8 {
			return
		}
	}
}
