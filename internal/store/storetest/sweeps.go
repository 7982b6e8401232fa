package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

const (
	hour = int64(3600 * 1000)
	day  = 24 * hour
)

func testSweepSessions(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	sweep := func(at int64, limit, want int) {
		t.Helper()
		n, err := w.Sweep(w.ctx, at, limit)
		ok(t, err)
		if n != want {
			t.Errorf("sweeping at +%d deleted %d rows, want %d", at-start, n, want)
		}
	}
	gone := func(l iam.Login, want bool) {
		t.Helper()
		_, err := w.Family(w.ctx, w.realm, l.Family.ID)
		_, end := w.EndClientSession(w.ctx, w.realm, l.Session.ID, "absent", start, start, nil)
		if errors.Is(err, iam.ErrNotFound) != want || !errors.Is(end, iam.ErrNotFound) {
			t.Errorf("family gone: %v, want %v", err, want)
		}
		if !want && w.view(t, l).Session == nil {
			t.Error("the session is gone")
		}
	}
	dies, touched, advanced, stays := w.opened(t), w.opened(t), w.opened(t), w.login()
	stays.Session.DeadAt, stays.Family.DeadAt = 0, 0
	ok(t, w.OpenLogin(w.ctx, stays))
	ok(t, w.TouchSession(w.ctx, touched.Session.ID, touched.Family.ID, start+900, start+2000))
	next := rotated(*advanced.Family, start+900)
	next.DeadAt = start + 3000
	ok(t, w.AdvanceFamily(w.ctx, *advanced.Family, next, start+900, start+3000, nil))

	sweep(start+999, 100, 0)
	gone(dies, false)
	sweep(start+1000, 100, 2) // what was refreshed is due too, and lives
	gone(dies, true)
	gone(touched, false)
	gone(advanced, false)
	sweep(start+1000, 100, 0)
	sweep(start+2000, 100, 2)
	gone(touched, true)
	gone(advanced, false)
	sweep(start+3000, 100, 2)
	gone(advanced, true)
	sweep(start+100*365*day, 100, 0) // events leave with their seals
	gone(stays, false)

	for range 50 {
		w.opened(t)
	}
	sweep(start+1000, 30, 30)
	sweep(start+1000, 45, 45)
	sweep(start+1000, 100, 25)
	gone(stays, false)
}

func testSweepRest(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	fail := func(key string, f iam.Failures) {
		ok(t, w.ReplaceFailures(w.ctx, w.realm, key, iam.Failures{}, f, nil))
	}
	fail("empty", iam.Failures{})
	fail("counted", iam.Failures{Count: 1, LastAt: start})
	fail("reserved", iam.Failures{Reservations: []iam.Reservation{{ID: "r", At: start}}})
	fail("waits", iam.Failures{Count: 10, WaitUntil: start + 40*day})
	fail("locked", iam.Failures{Count: 100, Locked: true})
	first, err := w.RevokeToken(w.ctx, w.realm, "a", start+hour, nil)
	ok(t, err)
	_, err = w.RevokeToken(w.ctx, w.realm, "b", start+2*hour, nil)
	ok(t, err)
	old, young := *w.event("LOGIN"), *w.event("LOGIN")
	young.At = start + day
	ok(t, w.RecordEvent(w.ctx, old))
	ok(t, w.RecordEvent(w.ctx, young))

	left := func(key string) bool {
		f, _, err := w.Failures(w.ctx, w.realm, key)
		ok(t, err)
		return f.Rev != 0
	}
	type state struct {
		Empty, Counted, Reserved, Waits, Locked bool
		A, B, Old, Young                        bool
	}
	for _, c := range []struct {
		at   int64
		want state
	}{
		{start + hour - 1, state{true, true, true, true, true, true, true, true, true}},
		{start + hour + 1, state{false, true, true, true, true, false, true, true, true}},
		{start + 30*day - 1, state{false, true, true, true, true, false, false, true, true}},
		{start + 30*day, state{false, false, false, true, true, false, false, true, true}},
		{start + 90*day + 1, state{false, false, false, false, true, false, false, true, true}},
	} {
		_, err := w.Sweep(w.ctx, c.at, 1000)
		ok(t, err)
		a, err := w.TokenRevoked(w.ctx, w.realm, "a")
		ok(t, err)
		b, err := w.TokenRevoked(w.ctx, w.realm, "b")
		ok(t, err)
		seen := w.recorded(t)
		got := state{left("empty"), left("counted"), left("reserved"), left("waits"), left("locked"), a, b, seen[old.ID], seen[young.ID]}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("at +%d h (-want +got):\n%s", (c.at-start)/hour, diff)
		}
	}
	// The feed's numbers are never given twice, even when it was emptied.
	again, err := w.RevokeToken(w.ctx, w.realm, "c", start+hour, nil)
	ok(t, err)
	if again[0].Seq <= first[0].Seq+1 {
		t.Errorf("entry %d was numbered again", again[0].Seq)
	}
}

func testReopen(t *testing.T, s *suite) {
	alone, dir := s.own(t)
	w := alone.world(t)
	var logins []iam.Login
	var views []iam.FamilyView
	for i := range 8 {
		l := w.opened(t)
		if i%2 == 0 {
			ok(t, w.AdvanceFamily(w.ctx, *l.Family, rotated(*l.Family, start), start, start, nil))
		}
		if i%4 == 1 {
			_, err := w.KillFamily(w.ctx, *l.Family, "reuse", start, start+hour, nil)
			ok(t, err)
		}
		logins, views = append(logins, l), append(views, w.view(t, l))
	}
	_, err := w.EndSession(w.ctx, w.realm, logins[7].Session.ID, start, start+hour, w.event("LOGOUT"))
	ok(t, err)
	views[7] = w.view(t, logins[7])
	ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{}, iam.Failures{Count: 3}, nil))
	config, err := w.LoadConfig(w.ctx)
	ok(t, err)
	feed, err := w.Revocations(w.ctx, 0)
	ok(t, err)
	events, err := w.Events(w.ctx, w.realm, 0, 100)
	ok(t, err)

	for range 2 {
		ok(t, w.Close())
		alone.shared = alone.open(t, dir, alone.clock.Now)
		w.Store = alone.shared
		for i, l := range logins {
			if diff := cmp.Diff(views[i], w.view(t, l)); diff != "" {
				t.Errorf("family %d (-before +after):\n%s", i, diff)
			}
		}
		config2, err := w.LoadConfig(w.ctx)
		ok(t, err)
		feed2, err := w.Revocations(w.ctx, 0)
		ok(t, err)
		events2, err := w.Events(w.ctx, w.realm, 0, 100)
		ok(t, err)
		f, _, err := w.Failures(w.ctx, w.realm, "key")
		ok(t, err)
		if diff := cmp.Diff([]any{config, feed, events, 3}, []any{config2, feed2, events2, f.Count}); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	}
}
