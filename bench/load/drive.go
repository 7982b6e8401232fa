package main

import (
	"context"
	"errors"
	"fmt"
	"github.com/seed-a6a28e10/usher/bench/rig"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// job makes the n-th request of a worker and takes its answer.
type job struct {
	next  func(worker, n int) rig.Request
	taken func(worker, status int, body []byte) error // nil: 200 is all that matters
}

// tally is what one slice of load came to.
type tally struct {
	requests  int64
	elapsed   time.Duration
	latencies []time.Duration // sorted
}

func (t tally) rate() float64 { return float64(t.requests) / t.elapsed.Seconds() }

// quantile is the latency below which the share q of the requests stayed.
func (t tally) quantile(q float64) time.Duration {
	if len(t.latencies) == 0 {
		return 0
	}
	return t.latencies[min(len(t.latencies)-1, int(q*float64(len(t.latencies))))]
}

var errDry = errors.New("no more work")

// closedLoop lets workers send one request after another for the given time.
func closedLoop(ctx context.Context, address string, workers int, d time.Duration, j job) (tally, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		fault error
	)
	start := time.Now()
	for w := range workers {
		group.Go(func() {
			took, err := work(ctx, address, w, j)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil && !errors.Is(err, errDry) && fault == nil {
				fault = err
				cancel()
			}
		})
	}
	group.Wait()
	t := tally{requests: int64(len(all)), elapsed: time.Since(start), latencies: all}
	slices.Sort(t.latencies)
	return t, fault
}

func work(ctx context.Context, address string, worker int, j job) ([]time.Duration, error) {
	c, err := rig.Dial(address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	took := make([]time.Duration, 0, 4096)
	for n := 0; ctx.Err() == nil; n++ {
		q := j.next(worker, n)
		if q.Method == "" {
			return took, errDry
		}
		begun := time.Now()
		status, body, err := c.Do(q)
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(begun))
		if err := j.take(worker, status, body); err != nil {
			return took, err
		}
	}
	return took, nil
}

func (j job) take(worker, status int, body []byte) error {
	if j.taken != nil {
		return j.taken(worker, status, body)
	}
	if status != 200 {
		return fmt.Errorf("status %d: %.300s", status, body)
	}
	return nil
}

// openLoop starts requests at a fixed rate whatever the answers do; latency
// counts from the moment a request was due.
func openLoop(ctx context.Context, address string, perSecond int, d time.Duration, workers int, j job) (tally, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	due := make(chan time.Time, perSecond*int(d.Seconds()+1))
	interval := time.Second / time.Duration(perSecond)
	start := time.Now()
	for at := start; at.Before(start.Add(d)); at = at.Add(interval) {
		due <- at
	}
	close(due)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		other atomic.Int64
		fault error
	)
	for w := range workers {
		group.Go(func() {
			c, err := rig.Dial(address)
			if err != nil {
				mu.Lock()
				fault = err
				mu.Unlock()
				return
			}
			defer c.Close()
			for at := range due {
				if ctx.Err() != nil {
					return
				}
				time.Sleep(time.Until(at))
				status, body, err := c.Do(j.next(w, 0))
				if err != nil {
					mu.Lock()
					fault = err
					mu.Unlock()
					return
				}
				if status != 200 {
					other.Add(1)
				}
				if err := j.take(w, status, body); err != nil {
					mu.Lock()
					fault = err
					mu.Unlock()
					return
				}
				mu.Lock()
				all = append(all, time.Since(at))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	t := tally{requests: int64(len(all)), elapsed: time.Since(start), latencies: all}
	slices.Sort(t.latencies)
	return t, other.Load(), fault
}
