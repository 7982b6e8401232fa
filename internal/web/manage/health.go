package manage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Check is one thing that must work for a request to be answered. Do returns
// nil when it does; its error goes to the log and the answer's data, so it
// must name no secret.
type Check struct {
	Name string
	Do   func(context.Context) error
}

// The statuses of MicroProfile Health, which Keycloak's answers follow.
const (
	up   = "UP"
	down = "DOWN"
)

type health struct {
	Status string   `json:"status"`
	Checks []result `json:"checks"`
}

// failing names the checks that fail, with their errors.
func (h health) failing() string {
	var s []string
	for _, r := range h.Checks {
		if r.Status != up {
			s = append(s, r.Name+": "+r.Data["error"])
		}
	}
	return strings.Join(s, "; ")
}

type result struct {
	Name   string            `json:"name"`
	Status string            `json:"status"`
	Data   map[string]string `json:"data,omitempty"`
}

// run does all checks at once and waits for them, but not past the deadline.
func (m *Manage) run(ctx context.Context, checks []*shared) health {
	ctx, cancel := context.WithTimeout(ctx, m.deadline)
	defer cancel()
	runs := make([]*checkRun, len(checks))
	for i, c := range checks {
		runs[i] = c.start(ctx, m.deadline)
	}
	h := health{Status: up, Checks: []result{}}
	for i, c := range checks {
		r := result{Name: c.Name, Status: up}
		if err := runs[i].wait(ctx); err != nil {
			h.Status, r.Status, r.Data = down, down, map[string]string{"error": err.Error()}
		}
		h.Checks = append(h.Checks, r)
	}
	return h
}

// shared is a check of which at most one run is under way: a hanging store
// must not collect goroutines with each probe. Probes meanwhile share the run.
type shared struct {
	Check
	mu  sync.Mutex
	now *checkRun
}

type checkRun struct {
	done chan struct{} // closed when err is set
	err  error
}

func (c *shared) start(ctx context.Context, limit time.Duration) *checkRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil {
		return c.now
	}
	run := &checkRun{done: make(chan struct{})}
	c.now = run
	go func() { // a prober that hangs up takes no answer from the others
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		run.err = c.Do(ctx)
		c.mu.Lock()
		c.now = nil
		c.mu.Unlock()
		close(run.done)
	}()
	return run
}

func (r *checkRun) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return errSlow
	}
}

// errSlow is what a check that outlives the deadline reports.
var errSlow = errors.New("no answer within the deadline")

func answer(w http.ResponseWriter, h health) {
	head := w.Header()
	head.Set("Content-Type", "application/json; charset=UTF-8")
	head.Set("Cache-Control", "no-store")
	if h.Status != up {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // the prober hung up; there is nobody to tell
}

// defaultDeadline of a readiness answer: under the second that probes wait.
const defaultDeadline = 800 * time.Millisecond
