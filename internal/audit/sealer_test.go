package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// steps is a clock whose sleeper is woken by the test.
type steps struct {
	*clock
	asleep, wake chan struct{}
}

func (s *steps) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case s.asleep <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.wake:
		s.ms.Add(d.Milliseconds())
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// running is a rig whose sealer runs.
type running struct {
	*rig
	steps *steps
	log   *bytes.Buffer
	stop  func()
}

func run(t *testing.T, r *rig, store audit.Store) *running {
	t.Helper()
	s := &steps{r.clock, make(chan struct{}), make(chan struct{})}
	log := new(bytes.Buffer)
	r.sealer = audit.NewSealer(audit.Config{Store: store, Keys: r.keys, Clock: s, Log: slog.New(slog.NewTextHandler(log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.sealer.Run(ctx) })
	stop := sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(stop)
	<-s.asleep
	return &running{r, s, log, stop}
}

// turn lets the sealer wake and do its work once.
func (r *running) turn() {
	r.steps.wake <- struct{}{}
	<-r.steps.asleep
}

func TestRunSealsWithinASecond(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	run := run(t, r, r.DB)
	for range 5 {
		r.record(t, 2)
		before := r.clock.ms.Load()
		run.turn()
		chain, err := r.Chain(t.Context())
		ok(t, err)
		if took := r.clock.ms.Load() - before; chain.HeadRow != int64(r.events) || took > 1000 {
			t.Errorf("sealed up to row %d of %d after %d ms", chain.HeadRow, r.events, took)
		}
	}
	if r.sealer.Head() != 10 || r.sealer.Unsealed() != 0 || r.sealer.Age(r.clock.Now()) != 0 {
		t.Errorf("head %d, unsealed %d, age %s", r.sealer.Head(), r.sealer.Unsealed(), r.sealer.Age(r.clock.Now()))
	}
	r.record(t, 1)
	run.stop() // the rest is sealed at the end
	if report := r.sound(t, nil); report.Unsealed != 0 || report.SealedToRow != 11 {
		t.Errorf("after the end: %+v", report)
	}
}

func TestRunPointsEachMinuteThatHadEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	run := run(t, r, r.DB)
	for minute := range 4 {
		if minute != 2 {
			r.record(t, 1)
		}
		for range 150 {
			run.turn()
		}
	}
	points, err := r.Checkpoints(t.Context(), 0, 100)
	ok(t, err)
	var got []string
	for _, p := range points {
		got = append(got, fmt.Sprint(p.Number, ":", p.Row))
	}
	if s := strings.Join(got, " "); s != "1:1 2:2 3:3" {
		t.Errorf("checkpoints %s", s)
	}
	r.sound(t, r.latest(t))
}

func TestManyRowsAreSealedInBatches(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Minute)
	r.tamper(t, many(1234))
	ok(t, r.sealer.Seal(t.Context()))
	seals, err := r.SealsAfter(t.Context(), 0, 100)
	ok(t, err)
	if len(seals) != 3 || seals[0].Count != 500 || seals[2].To != 1234 {
		t.Errorf("seals %+v", seals)
	}
	r.sound(t, nil)
	r.clock.ms.Add(61_000)
	ok(t, r.sealer.Drop(t.Context()))
	if report := r.sound(t, nil); report.FromRow != 1235 || report.Events != 0 {
		t.Errorf("after the retention: %+v", report)
	}
}

// many inserts rows as no server does, quickly.
func many(n int) string {
	return fmt.Sprintf(`with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
		insert into event (id, at, realm_id, type, client_id, user_id, session_id, address, error, details)
		select printf('9b2f1c1e-0f6a-4c53-8d0a-%%012d', i), %d + i, 'f2b9a6f0-3e0f-4b6c-9f2f-6a1c1d5e7a10', 'LOGIN', 'anonymous',
			printf('0d3e0c1a-58f3-4f0e-9c1d-%%012d', i %% 5000), printf('5a0e4b6f-7d0c-4a6e-8a5e-%%012d', i), '192.0.2.17', '',
			'{"auth_method":"openid-connect","grant_type":"password","username":"somebody@example.org"}' from n`, n, start)
}

func TestRetentionDropsWholeSealsAndKeepsTheRestSound(t *testing.T) {
	t.Parallel()
	r := newRig(t, 10*time.Second)
	r.history(t) // seals at 0, 2, 4 and 6 s; checkpoints at 1, 3 and 5 s
	kept := r.latest(t)
	for _, c := range []struct {
		at          int64
		from, seals int64
		points      int64
	}{{10_000, 1, 4, 3}, {10_001, 4, 3, 2}, {13_000, 5, 2, 1}, {14_001, 9, 1, 1}, {60_000, 11, 0, 1}} {
		r.clock.ms.Store(start + c.at)
		ok(t, r.sealer.Drop(t.Context()))
		report := r.sound(t, nil)
		if report.FromRow != c.from || report.Seals != c.seals || report.Checkpoints != c.points || report.Unsealed != 1 {
			t.Errorf("at %d ms: %+v", c.at, report)
		}
	}
	if report := r.sound(t, kept); report.Outside != audit.OutsidePassed {
		t.Errorf("a checkpoint of what is gone: %+v", report)
	}
	r.sealed(t, 2)
	r.pointed(t)
	r.sound(t, r.latest(t))
}

// TestALeapOfTheClockTakesLittleWithIt, and when it is set right nothing.
func TestALeapOfTheClockTakesLittleWithIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour)
	for range 10 {
		r.sealed(t, 1)
		r.clock.ms.Add(59_000)
		ok(t, r.sealer.Drop(t.Context()))
	}
	right := r.clock.ms.Load() // the oldest event is ten minutes old
	r.clock.ms.Store(right + 1000*3_600_000)
	turns := 0
	for ; r.sound(t, nil).FromRow == 1 && turns < 100; turns++ {
		ok(t, r.sealer.Drop(t.Context()))
	}
	if turns != 26 { // 50 minutes to go, two a turn
		t.Errorf("the first row went in turn %d", turns)
	}
	r.clock.ms.Store(right)
	ok(t, r.sealer.Drop(t.Context()))
	if report := r.sound(t, nil); report.FromRow != 3 || report.Events != 8 {
		t.Errorf("%+v", report)
	}
}

// faulty fails as it is told, before or after the write.
type faulty struct {
	audit.Store
	before, after error
}

func (f *faulty) AppendSeals(ctx context.Context, prev, next iam.Chain, seals []iam.Seal) error {
	if f.before != nil {
		return f.before
	}
	return errors.Join(f.Store.AppendSeals(ctx, prev, next, seals), f.after)
}

func TestTroubleIsNotTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	store := &faulty{Store: r.DB}
	run := run(t, r, store)
	for i, trouble := range []faulty{{before: iam.ErrUnavailable}, {after: iam.ErrUnavailable}, {before: iam.ErrStale}} {
		r.record(t, 2)
		store.before, store.after = trouble.before, trouble.after
		run.turn()
		run.turn()
		store.before, store.after = nil, nil
		run.turn()
		if report := r.sound(t, nil); report.Unsealed != 0 || report.SealedToRow != int64(r.events) {
			t.Errorf("after trouble %d: %+v", i, report)
		}
	}
	run.stop()
	if log := run.log.String(); strings.Count(log, "events are not sealed") != 3 || strings.Count(log, "events are sealed again") != 3 {
		t.Errorf("told:\n%s", log)
	}
}

func TestTwoSealersShareOneChain(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	other := audit.NewSealer(audit.Config{Store: r.DB, Keys: r.keys, Clock: r.clock, Log: slog.New(slog.DiscardHandler)})
	for range 5 {
		r.record(t, 2)
		for _, s := range []*audit.Sealer{r.sealer, other} {
			for n := 0; ; n++ {
				err := s.Seal(t.Context())
				if err == nil {
					break
				}
				if !errors.Is(err, iam.ErrStale) || n > 1 {
					t.Fatal(err)
				}
			}
		}
	}
	r.sound(t, nil)
}

// TestNothingIsSealedOverABrokenChain: sealing on would hide what was done.
func TestNothingIsSealedOverABrokenChain(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"gone":      `delete from event_chain`,
		"changed":   `update event_chain set head_row = 8, head_mac = (select mac from event_seal where to_row = 8)`,
		"begun new": `update event_chain set head_row = 0, base_row = 0`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 0)
			r.history(t)
			run := run(t, r, r.DB)
			r.tamper(t, query)
			for range 3 {
				r.record(t, 1)
				run.turn()
			}
			if r.sealer.Unsealed() == 0 || r.sealer.Age(r.clock.Now()) < time.Second {
				t.Errorf("unsealed %d, age %s", r.sealer.Unsealed(), r.sealer.Age(r.clock.Now()))
			}
			if r.verify(t, nil).OK {
				t.Error("nothing was found")
			}
			run.stop()
			if !strings.Contains(run.log.String(), "verify the record") {
				t.Errorf("told:\n%s", run.log)
			}
		})
	}
}

// TestAnOlderChainBeneathARunningSealerIsSeen: it knows how far it came.
func TestAnOlderChainBeneathARunningSealerIsSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	r.sealed(t, 3)
	r.keep(t)
	r.sealed(t, 3)
	r.restore(t)
	r.record(t, 5)
	for range 2 {
		if err := r.sealer.Seal(t.Context()); !errors.Is(err, audit.ErrBroken) && !errors.Is(err, iam.ErrStale) {
			t.Errorf("got %v", err)
		}
	}
	if err := r.sealer.Seal(t.Context()); !errors.Is(err, audit.ErrBroken) {
		t.Errorf("got %v", err)
	}
}
