package vmsapi

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimitOnTheWire(t *testing.T) {
	t.Parallel()
	var limited atomic.Int32
	f := newFixture(t, func(c *Config) { c.Limit, c.Limited = 100, func() { limited.Add(1) } })
	for i := range 100 {
		if w := f.get(t, "/v1/vms", "ada"); w.Code != 200 {
			t.Fatalf("request %d: %d", i+1, w.Code)
		}
		f.advance(100 * time.Millisecond)
	}
	w := f.get(t, "/v1/vms/5", "ada") // the limit is over the whole API
	if w.Code != 429 || w.Header().Get("Retry-After") != "50" {
		t.Fatalf("request 101: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if w := f.get(t, "/v1/vms", "bob"); w.Code != 200 {
		t.Errorf("another user: %d", w.Code)
	}
	wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
	if err != nil {
		t.Fatal(err)
	}
	f.advance(time.Duration(wait) * time.Second)
	if w := f.get(t, "/v1/vms", "ada"); w.Code != 200 {
		t.Errorf("after Retry-After: %d", w.Code)
	}
	if limited.Load() != 1 {
		t.Errorf("%d counted", limited.Load())
	}
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for range 300 {
		if w := f.get(t, "/v1/vms", "ada"); w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
}

// In no 60 seconds are more than the limit accepted, and whoever waits as told
// is let in.
func TestLimiterWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		l := newLimiter(limit)
		now := time.Unix(1_000_000, 0)
		accepted := map[user][]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40_000).Draw(t, "ms")) * time.Millisecond)
			u := user{"r", fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "user"))}
			recent := 0
			for _, at := range accepted[u] {
				if now.Sub(at) < window {
					recent++
				}
			}
			wait := l.take(u, now)
			if (wait > 0) != (recent >= limit) {
				t.Fatalf("%d in the window of %d, wait %v", recent, limit, wait)
			}
			if wait > 0 {
				now = now.Add(wait)
				if again := l.take(u, now); again > 0 {
					t.Fatalf("after waiting %v: wait %v", wait, again)
				}
			}
			accepted[u] = append(accepted[u], now)
		}
	})
}

func TestLimiterIsExactUnderLoad(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(100), time.Unix(1_000_000, 0)
	var ok atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if l.take(user{"r", "ada"}, now) == 0 {
					ok.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if ok.Load() != 100 {
		t.Errorf("%d accepted", ok.Load())
	}
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(100), time.Unix(1_000_000, 0)
	for i := range 3 * l.maxUsers {
		l.take(user{"r", strconv.Itoa(i)}, now)
	}
	if n := len(l.users) + len(l.old); n > 2*l.maxUsers {
		t.Errorf("%d users are kept", n)
	}
	l.take(user{"r", "x"}, now.Add(2*window))
	if len(l.old) != 0 || len(l.users) != 1 {
		t.Errorf("%d and %d are kept after two windows", len(l.users), len(l.old))
	}
}

func TestClockSetBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1), time.Unix(1_000_000, 0)
	l.take(user{"r", "ada"}, now)
	if wait := l.take(user{"r", "ada"}, now.Add(-time.Hour)); wait > window {
		t.Errorf("wait %v", wait)
	}
}
