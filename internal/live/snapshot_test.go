package live

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

func someConfig(version int64, names ...string) Config {
	c := Config{Version: version, Realms: map[string]*token.Realm{}}
	for _, n := range names {
		c.Realms[n] = &token.Realm{RealmConfig: &iam.RealmConfig{Realm: iam.Realm{ID: n, Name: n, Enabled: true}}}
	}
	return c
}

// A change elsewhere is in force within a second; trouble keeps what there is.
func TestSnapshotFollowsTheVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &rows{config: someConfig(1, "a")}
		snap := NewSnapshot(SnapshotOptions{Load: s.load, Version: s.version, Clock: bubbleClock{}})
		if _, ok := snap.Realm("a"); ok {
			t.Error("a realm before the first load")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); snap.Run(ctx) }()
		defer func() { cancel(); <-done }()
		synctest.Wait()
		if _, ok := snap.Realm("a"); !ok {
			t.Error("no realm after the first poll")
		}
		s.with(func() { s.config = someConfig(2, "b") })
		time.Sleep(time.Second)
		synctest.Wait()
		if _, ok := snap.Realm("b"); !ok {
			t.Error("a change was not seen within a second")
		}
		loads := s.loads
		time.Sleep(10 * time.Second)
		if s.loads != loads {
			t.Error("the same version was read again")
		}
		s.with(func() { s.config, s.failing = someConfig(3, "c"), true })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if _, ok := snap.Realm("b"); !ok {
			t.Error("trouble took the configuration away")
		}
		s.with(func() { s.failing = false })
		time.Sleep(time.Second)
		synctest.Wait()
		if _, ok := snap.Realm("c"); !ok {
			t.Error("no recovery after trouble")
		}
	})
}

func TestFailedRereadKeepsTheSnapshot(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	s := &rows{config: someConfig(1, "a")}
	snap := NewSnapshot(SnapshotOptions{Load: s.load, Version: s.version, Clock: clock})
	if err := snap.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.with(func() { s.failing = true })
	if snap.Reread(t.Context(), snap.Config()) {
		t.Error("a failed read changed something")
	}
	if err := snap.Reload(t.Context()); err == nil {
		t.Error("no error")
	}
	if _, ok := snap.Realm("a"); !ok {
		t.Error("the realm is gone")
	}
}
