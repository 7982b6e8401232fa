package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// aliveSignal asks whether a process is there.
const aliveSignal = syscall.Signal(0)

// loginStorm offers ten times the logins that can be hashed, beside refreshes
// and API requests. Logins are taken at nine tenths of the capacity and refused
// politely and quickly beyond it; nothing else may notice.
func loginStorm(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	reader, err := login(s.Address, "platform", 0)
	if err != nil {
		return "", err
	}
	hold, err := newHolders(s.Address, "es-reusable", 50)
	if err != nil {
		return "", err
	}
	var fresh atomic.Int64
	fresh.Store(500)
	once := func(int) rig.Request {
		return rig.PasswordGrant("platform", rig.UserName(int(fresh.Add(1))%l.users()))
	}
	capacity, err := busy(s.Address, l.seconds/2, once)
	if err != nil {
		return "", err
	}

	stop := make(chan struct{})
	var group sync.WaitGroup
	refreshes, calls := newPulse(s.Address, hold.next), newPulse(s.Address, vms(reader.Access))
	group.Go(func() { refreshes.run(200, 16, stop) })
	group.Go(func() { calls.run(500, 16, stop) })
	storm := newPulse(s.Address, once)
	storm.during(l.seconds, int(10*capacity), 400)
	close(stop)
	group.Wait()

	if err := refreshes.only(http.StatusOK); err != nil {
		return "", fmt.Errorf("refreshes: %w", err)
	}
	if err := calls.only(http.StatusOK); err != nil {
		return "", fmt.Errorf("API requests: %w", err)
	}
	if err := storm.only(http.StatusOK, http.StatusServiceUnavailable, http.StatusTooManyRequests); err != nil {
		return "", fmt.Errorf("logins: %w", err)
	}
	goodput := float64(len(storm.good)) / l.seconds.Seconds() / capacity
	line := fmt.Sprintf("capacity %.0f/s, %d offered, %.0f %% of capacity served, p99 %s, %d refused at a median of %s; refresh p99 %s, API p99 %s, none of them refused",
		capacity, len(storm.good)+len(storm.other), 100*goodput, storm.p99().Round(time.Millisecond), len(storm.other),
		quantile(storm.other, 0.5).Round(100*time.Microsecond), refreshes.p99().Round(100*time.Microsecond), calls.p99().Round(100*time.Microsecond))
	switch {
	case goodput < 0.9*l.slack:
		return "", fmt.Errorf("too few logins: %s", line)
	case !l.within(storm.p99(), longestQueue(capacity)+500*time.Millisecond):
		return "", fmt.Errorf("logins wait longer than the queue is: %s", line)
	case !l.within(refreshes.p99(), 25*time.Millisecond), !l.within(calls.p99(), 10*time.Millisecond):
		return "", fmt.Errorf("others notice: %s", line)
	}
	return line, nil
}

// longestQueue is how long the last of a full queue waits: the queue holds two
// seconds of work, or 128 logins where hashing them takes longer.
func longestQueue(capacity float64) time.Duration {
	return max(2*time.Second, time.Duration(128/capacity*float64(time.Second)))
}

// busy is how many logins a second are answered while a few clients always
// have one waiting.
func busy(address string, d time.Duration, next func(int) rig.Request) (float64, error) {
	var group sync.WaitGroup
	var good atomic.Int64
	var lost atomic.Value
	end := time.Now().Add(d)
	for range 6 {
		group.Go(func() {
			for time.Now().Before(end) && lost.Load() == nil {
				status, body, _, err := ask(address, next(0))
				if err != nil || status != http.StatusOK {
					lost.Store(fmt.Errorf("%d %.200s %w", status, body, orOK(err)))
					return
				}
				good.Add(1)
			}
		})
	}
	group.Wait()
	err, _ := lost.Load().(error)
	return float64(good.Load()) / d.Seconds(), err
}

// refreshStorm lets every session refresh in the same moment, again and again,
// far beyond what can be signed: no family may die of it.
func refreshStorm(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	const sessions = 100
	hold, err := newHolders(s.Address, "rs-rotating", sessions)
	if err != nil {
		return "", err
	}
	var mu sync.Mutex
	newest := map[int]string{}
	peak := newPulse(s.Address, hold.next)
	peak.taken = func(n, status int, body []byte) {
		var g grant
		if status == http.StatusOK && json.Unmarshal(body, &g) == nil {
			mu.Lock()
			newest[n%sessions] = g.Refresh
			mu.Unlock()
		}
	}
	calm := func() (time.Duration, error) {
		mu.Lock()
		for i, t := range newest {
			hold.held[i] = t
		}
		mu.Unlock()
		begun := time.Now()
		status, body, _, err := ask(s.Address, hold.next(0))
		if err != nil || status != http.StatusOK {
			return 0, fmt.Errorf("%d %.200s %w", status, body, orOK(err))
		}
		peak.taken(0, status, body)
		return time.Since(begun), nil
	}
	before, err := calm()
	if err != nil {
		return "", err
	}
	peak.crowd = true
	peak.during(l.seconds, 5000, 400) // each session many times over with one token: all converge
	if err := peak.only(http.StatusOK, http.StatusServiceUnavailable, http.StatusTooManyRequests); err != nil {
		return "", err
	}
	if _, err := eventually(5*time.Second, func() error {
		took, err := calm()
		if err == nil && !l.within(took, 10*max(before, time.Millisecond)) {
			err = fmt.Errorf("a refresh takes %s, before the storm %s", took, before)
		}
		return err
	}); err != nil {
		return "", fmt.Errorf("after the storm: %w", err)
	}
	for i := range sessions {
		if status, body, _, err := ask(s.Address, hold.next(i)); err != nil || status != http.StatusOK {
			return "", fmt.Errorf("session %d did not survive: %d %.200s %w", i, status, body, orOK(err))
		}
	}
	return fmt.Sprintf("%d refreshes answered of %d sent in %s, all %d sessions alive", len(peak.good), len(peak.good)+len(peak.other), l.seconds, sessions), nil
}

// retryStorm stops the process in its tracks and lets it go on, while clients
// that were refused or cut off try again at once. It must get out of that by
// itself.
func retryStorm(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	hold, err := newHolders(s.Address, "es-reusable", 50)
	if err != nil {
		return "", err
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() { retry(s.Address, hold.next(i), stop) })
	}
	time.Sleep(time.Second)
	if err := s.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return "", err
	}
	time.Sleep(min(10*time.Second, l.seconds))
	if err := s.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return "", err
	}
	took, err := eventually(30*time.Second, func() error {
		begun := time.Now()
		status, body, _, err := ask(s.Address, hold.next(0))
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("%d %.200s %w", status, body, orOK(err))
		}
		if waited := time.Since(begun); !l.within(waited, time.Second) {
			return fmt.Errorf("a refresh takes %s", waited)
		}
		return nil
	})
	close(stop)
	group.Wait()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("200 clients without patience; answers within a second again %s after the outage", took.Round(time.Millisecond)), nil
}

// retry sends a request again as soon as it was answered or lost.
func retry(address string, q rig.Request, stop <-chan struct{}) {
	var c *rig.Conn
	for !isClosed(stop) {
		var err error
		if c == nil {
			if c, err = rig.Dial(address); err != nil {
				continue
			}
		}
		if _, _, err = c.Do(q); err != nil {
			c.Close()
			c = nil
		}
	}
	if c != nil {
		c.Close()
	}
}
