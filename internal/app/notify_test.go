package app_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// told is a service manager.
type told struct {
	mu     sync.Mutex
	states []string
	pats   int
}

func (n *told) notify(state string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	first, _, _ := strings.Cut(state, "\n")
	if first == "WATCHDOG=1" {
		n.pats++
		return nil
	}
	n.states = append(n.states, first)
	return nil
}

func (n *told) so() (states string, pats int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.states, " "), n.pats
}

// TestServiceManagerIsTold of a life: ready, reloading, ready again, stopping;
// and of life itself twice in the watchdog's time.
func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	n, hangup := &told{}, make(chan struct{})
	u := apptest.Start(t, apptest.Options{App: func(o *app.Options) {
		o.Notify, o.Watchdog, o.Hangup = n.notify, 30*time.Second, hangup
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- u.Run(ctx, nil) }()
	n.waits(t, "READY=1")
	hangup <- struct{}{}
	n.waits(t, "READY=1 RELOADING=1 READY=1")
	for want := 1; want <= 3; want++ {
		for {
			if _, pats := n.so(); pats >= want {
				break
			}
			if t.Context().Err() != nil {
				t.Fatal("the watchdog was not told")
			}
		}
		u.Clock.Advance(15 * time.Second)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	n.waits(t, "READY=1 RELOADING=1 READY=1 STOPPING=1")
}

// waits until exactly these states were told.
func (n *told) waits(t *testing.T, states string) {
	t.Helper()
	for {
		got, _ := n.so()
		if got == states {
			return
		}
		if !strings.HasPrefix(states, got) || t.Context().Err() != nil {
			t.Fatalf("told %q, want %q", got, states)
		}
	}
}
