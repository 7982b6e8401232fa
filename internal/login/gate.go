package login

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// The queue holds two seconds of work, and never fewer than 128 attempts.
const (
	minQueue  = 128
	queueWork = 2 * time.Second
)

// gate lets a fixed number in at a time, in order of arrival. The line is
// bounded; one address may stand in it for at most a quarter while another
// address waits: it then gets no further place, and when the line is full its
// newest attempt makes room for an address with less.
type gate struct {
	// bound tells the length of the line and the time one place in it takes.
	bound func() (most int, each time.Duration)

	mu     sync.Mutex
	free   int
	line   *list.List // of *waiter
	counts map[netip.Prefix]int
}

type waiter struct {
	from netip.Prefix
	turn chan bool // true: come in; false: refused after all
}

func newGate(places int, bound func() (int, time.Duration)) *gate {
	return &gate{bound: bound, free: places, line: list.New(), counts: map[netip.Prefix]int{}}
}

// enter waits for a place; every nil needs one leave. The errors are
// iam.BusyError and ctx's.
func (g *gate) enter(ctx context.Context, from netip.Prefix) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	if err := g.admit(from); err != nil {
		g.mu.Unlock()
		return err
	}
	w := &waiter{from: from, turn: make(chan bool, 1)}
	at := g.line.PushBack(w)
	g.counts[from]++
	g.mu.Unlock()

	select {
	case mine := <-w.turn:
		if !mine {
			return g.busy()
		}
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case mine := <-w.turn: // it came just now; hand it on
		if mine {
			g.next()
		}
	default:
		g.remove(at)
	}
	return ctx.Err()
}

// leave gives the place to the next in line.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next()
}

func (g *gate) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.line.Len()
}

// admit makes sure there is room in the line for one more of from.
func (g *gate) admit(from netip.Prefix) error {
	most, each := g.bound()
	quarter := max(1, most/4)
	mine := g.counts[from]
	others := g.line.Len() > mine
	if others && mine >= quarter {
		return retryAfter(g.line.Len(), each)
	}
	if g.line.Len() < most {
		return nil
	}
	heaviest, n := netip.Prefix{}, 0
	for p, c := range g.counts {
		if p != from && c > n {
			heaviest, n = p, c
		}
	}
	if n <= quarter {
		return retryAfter(g.line.Len(), each)
	}
	for e := g.line.Back(); e != nil; e = e.Prev() {
		if w := e.Value.(*waiter); w.from == heaviest {
			g.remove(e)
			w.turn <- false
			return nil
		}
	}
	return nil
}

// next lets the first in line in, or frees the place.
func (g *gate) next() {
	first := g.line.Front()
	if first == nil {
		g.free++
		return
	}
	g.remove(first)
	first.Value.(*waiter).turn <- true
}

func (g *gate) remove(e *list.Element) {
	w := g.line.Remove(e).(*waiter)
	if g.counts[w.from]--; g.counts[w.from] == 0 {
		delete(g.counts, w.from)
	}
}

func (g *gate) busy() error {
	_, each := g.bound()
	return retryAfter(g.waiting(), each)
}

// retryAfter is the time the line needs, in whole seconds, at least one.
func retryAfter(waiting int, each time.Duration) iam.BusyError {
	return iam.BusyError{RetryAfter: seconds(time.Duration(waiting) * each)}
}

func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }
