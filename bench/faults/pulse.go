package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// pulse is a steady load of honest requests, and what came of them. Latencies
// count from the moment a request was due, so that a server which stalls is
// not spared the requests that wait meanwhile.
type pulse struct {
	address string
	next    func(n int) rig.Request
	taken   func(n, status int, body []byte) // nil: only counted

	// crowd says that more is offered than can be answered, on purpose: what no
	// connection is free for is not sent.
	crowd bool

	mu       sync.Mutex
	statuses map[int]int
	broken   int
	lastErr  error
	good     []time.Duration // latencies of 200
	other    []time.Duration // of every other status
}

func newPulse(address string, next func(n int) rig.Request) *pulse {
	return &pulse{address: address, next: next, statuses: map[int]int{}}
}

// run sends rate requests a second over as many connections as workers, until
// stop is closed.
func (p *pulse) run(rate, workers int, stop <-chan struct{}) {
	type due struct {
		n  int
		at time.Time
	}
	jobs := make(chan due, 4*rate)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			var c *rig.Conn
			for d := range jobs {
				c = p.one(c, d.n, d.at)
			}
			if c != nil {
				c.Close()
			}
		})
	}
	begun := time.Now()
	for n := 0; ; n++ {
		at := begun.Add(time.Duration(n) * time.Second / time.Duration(rate))
		select {
		case <-stop:
			close(jobs)
			group.Wait()
			return
		case <-time.After(time.Until(at)):
		}
		select {
		case jobs <- due{n, at}:
		default:
			if !p.crowd {
				p.note(0, 0, fmt.Errorf("the generator cannot keep up"))
			}
		}
	}
}

// during runs the pulse for a while.
func (p *pulse) during(d time.Duration, rate, workers int) {
	stop := make(chan struct{})
	time.AfterFunc(d, func() { close(stop) })
	p.run(rate, workers, stop)
}

func (p *pulse) one(c *rig.Conn, n int, at time.Time) *rig.Conn {
	var err error
	if c == nil {
		if c, err = rig.Dial(p.address); err != nil {
			p.note(0, 0, err)
			return nil
		}
	}
	status, body, err := c.Do(p.next(n))
	if err == nil && p.taken != nil {
		p.taken(n, status, body)
	}
	p.note(status, time.Since(at), err)
	if err != nil {
		c.Close()
		return nil
	}
	return c
}

func (p *pulse) note(status int, took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil:
		p.broken++
		p.lastErr = err
	case status == http.StatusOK:
		p.statuses[status]++
		p.good = append(p.good, took)
	default:
		p.statuses[status]++
		p.other = append(p.other, took)
	}
}

// only fails when there was an answer of another status, or none.
func (p *pulse) only(statuses ...int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken > 0 {
		return fmt.Errorf("%d requests had no answer: %w", p.broken, p.lastErr)
	}
	for status, n := range p.statuses {
		if !slices.Contains(statuses, status) {
			return fmt.Errorf("%d answers %d", n, status)
		}
	}
	return nil
}

// p99 is the latency below which 99 of 100 good answers stayed.
func (p *pulse) p99() time.Duration { return quantile(p.good, 0.99) }

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

// vms asks the API with one token, again and again.
func vms(token string) func(int) rig.Request {
	return func(int) rig.Request { return rig.Request{Method: "GET", Path: "/v1/vms", Authorization: token} }
}

// holders are sessions that refresh in turn, each with its newest token.
type holders struct {
	realm string
	mu    sync.Mutex
	held  []string
}

// newHolders logs n people in.
func newHolders(address, realm string, n int) (*holders, error) {
	h := &holders{realm: realm}
	for i := range n {
		g, err := login(address, realm, i)
		if err != nil {
			return nil, err
		}
		h.held = append(h.held, g.Refresh)
	}
	return h, nil
}

func (h *holders) next(n int) rig.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return rig.RefreshGrant(h.realm, h.held[n%len(h.held)])
}
