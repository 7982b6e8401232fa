package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// people is how many sessions refresh in turn.
const people = 32

// holder is one session with its newest tokens, on a connection of its own.
type holder struct {
	conn                     *rig.Conn
	access, refresh, session string
}

// load is refreshes at a steady rate, whatever the answers do.
type load struct {
	rate    int
	holders []*holder
}

// slice is what the refreshes of some time felt; latencies count from the moment
// a request was due.
type slice struct {
	took    []time.Duration
	refused int
}

func (s *slice) quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (s *slice) p99() time.Duration { return s.quantile(0.99) }

func newLoad(address string, rate int) (*load, error) {
	l := &load{rate: rate}
	for i := range people {
		h, err := login(address, i)
		if err != nil {
			return nil, err
		}
		l.holders = append(l.holders, h)
	}
	return l, nil
}

func (l *load) close() {
	for _, h := range l.holders {
		h.conn.Close()
	}
}

// login logs a person in.
func login(address string, user int) (*holder, error) {
	c, err := rig.Dial(address)
	if err != nil {
		return nil, err
	}
	h := &holder{conn: c}
	status, err := h.ask(rig.PasswordGrant(realm, rig.UserName(user)))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("login: status %d", status)
	}
	return h, err
}

// ask sends a request for tokens and keeps those that come.
func (h *holder) ask(q rig.Request) (status int, err error) {
	status, body, err := h.conn.Do(q)
	if err != nil || status != http.StatusOK {
		return status, err
	}
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Session string `json:"session_state"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return status, err
	}
	h.access, h.refresh, h.session = got.Access, got.Refresh, got.Session
	return status, nil
}

// during refreshes while do runs.
func (l *load) during(do func() error) (s slice, err error) {
	done := make(chan error, 1)
	go func() { done <- do() }()
	due := make(chan time.Time, 100*l.rate)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		fault error
	)
	for _, h := range l.holders {
		group.Go(func() {
			for at := range due {
				status, err := h.ask(rig.RefreshGrant(realm, h.refresh))
				took := time.Since(at)
				mu.Lock()
				s.took = append(s.took, took)
				if err != nil && fault == nil {
					fault = err
				} else if status != http.StatusOK {
					s.refused++
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	err = l.schedule(due, done)
	close(due)
	group.Wait()
	return s, errors.Join(err, fault)
}

// schedule says when requests are due until done.
func (l *load) schedule(due chan<- time.Time, done <-chan error) error {
	begun := time.Now()
	for n := 0; ; n++ {
		at := begun.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		select {
		case err := <-done:
			return err
		case <-time.After(time.Until(at)):
		}
		select {
		case due <- at:
		default:
			return fmt.Errorf("the server does not keep up with %d refreshes a second", l.rate)
		}
	}
}
