package apptest

import (
	"context"
	"sync"
	"time"
)

// Clock runs like the wall clock and can be moved. It begins at a full
// second, so that whole-second lifetimes do not depend on when a test starts.
type Clock struct {
	base  time.Time // what the clock showed at start
	start time.Time // when that was, on the wall
	still bool      // what it shows changes by Advance only

	mu    sync.Mutex
	ahead time.Duration
	moved chan struct{} // closed at the next Advance
	trap  func()
}

// NewClock makes a clock that shows the present second.
func NewClock() *Clock {
	now := time.Now()
	return &Clock{base: now.Truncate(time.Second), start: now, moved: make(chan struct{})}
}

// NewStillClock makes a clock that shows one moment until it is moved, for
// tests of exact edges. Sleepers still wake, when their time has passed on the
// wall or the clock was moved beyond it.
func NewStillClock() *Clock {
	c := NewClock()
	c.still = true
	return c
}

// Trap lets f be called whenever somebody asks for the time, on the asker's own
// goroutine: what panics there panics in the middle of the asker's work. nil
// ends it.
func (c *Clock) Trap(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trap = f
}

// Now is the present time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	trap := c.trap
	c.mu.Unlock()
	if trap != nil {
		trap()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still {
		return c.base.Add(c.ahead)
	}
	return c.now()
}

func (c *Clock) now() time.Time { return c.base.Add(time.Since(c.start) + c.ahead) }

// Advance moves the clock by d, backward where d is negative; whoever sleeps
// until before then wakes.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	close(c.moved)
	c.moved = make(chan struct{})
}

// Sleep waits until the clock shows d more; it returns ctx.Err() when ctx ends
// first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	until := c.now().Add(d)
	c.mu.Unlock()
	for {
		c.mu.Lock()
		left, moved := until.Sub(c.now()), c.moved
		c.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-moved:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		t.Stop()
	}
}
