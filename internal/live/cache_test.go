package live

import (
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens, the cache stays within its limit, ring and map agree, and
// a hit is the last value put.
func TestCacheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		c := newCache[int, int](limit)
		last := map[int]int{}
		for i := range rapid.IntRange(0, 200).Draw(t, "steps") {
			k := rapid.IntRange(0, 60).Draw(t, "key")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				c.drop(k)
				delete(last, k)
			case 1:
				c.dropIf(func(key, _ int) bool { return key%2 == k%2 })
				for key := range last {
					if key%2 == k%2 {
						delete(last, key)
					}
				}
			case 2, 3, 4:
				if v, ok := c.get(k); ok && v != last[k] {
					t.Fatalf("%d is %d, want %d", k, v, last[k])
				} else if _, put := last[k]; ok && !put {
					t.Fatalf("%d was dropped and is there", k)
				}
			default:
				c.put(k, i)
				last[k] = i
				if v, ok := c.get(k); !ok || v != i {
					t.Fatalf("%d was just put", k)
				}
			}
			c.check(t, limit)
		}
	})
}

func (c *cache[K, V]) check(t *rapid.T, limit int) {
	if n := c.len(); n > (limit+shards-1)/shards*shards {
		t.Fatalf("%d entries of %d", n, limit)
	}
	for i := range c.shard {
		s := &c.shard[i]
		if len(s.ring) != len(s.m) {
			t.Fatalf("ring %d, map %d", len(s.ring), len(s.m))
		}
		for j, e := range s.ring {
			if e.at != j || s.m[e.key] != e {
				t.Fatalf("slot %d is out of place", j)
			}
		}
	}
}

// What is used survives what is not.
func TestCacheKeepsTheUsed(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](shards * 8)
	c.put(-1, 1)
	for i := range 10_000 {
		c.put(i, i)
		if _, ok := c.get(-1); !ok {
			t.Fatalf("lost after %d others", i)
		}
	}
}

func TestCacheInParallel(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](64)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				k := (i * (g + 1)) % 200
				switch i % 5 {
				case 0:
					c.put(k, k)
				case 1:
					c.drop(k)
				default:
					if v, ok := c.get(k); ok && v != k {
						t.Errorf("%d is %d", k, v)
					}
				}
			}
		})
	}
	wg.Wait()
}
