package storetest

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

func testFamily(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	got := w.view(t, l)
	user := w.user
	user.Password = nil // refreshing has no business with it
	want := iam.FamilyView{Family: *l.Family, Session: &l.Session, ClientSession: &l.ClientSession, User: &user, At: start}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
	for _, absent := range [][2]string{{w.realm, "absent"}, {"absent", l.Family.ID}, {s.world(t).realm, l.Family.ID}} {
		_, err := w.Family(w.ctx, absent[0], absent[1])
		wants(t, err, iam.ErrNotFound)
	}
}

// rotated is the family one rotation later.
func rotated(f iam.Family, at int64) iam.Family {
	f.Ring = append([]iam.Used{{JTI: f.ParentJTI + "x", FirstUsed: at}}, f.Ring...)
	f.Gen++
	f.ParentJTI += "x"
	f.Salt, f.KeyID = []byte{byte(f.Gen), 0, 255}, "kid2"
	f.IssuedAt, f.ExpiresAt, f.DeadAt = at/1000, at/1000+1800, at+2000
	f.Superseded, f.Reused, f.Confirmed = 1, 2, true
	return f
}

func testAdvanceFamily(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	prev, at := *l.Family, start
	for range 3 {
		at += 500
		next := rotated(prev, at)
		ev := w.event("REFRESH_TOKEN")
		ok(t, w.AdvanceFamily(w.ctx, prev, next, at, at+3000, ev))
		next.Rev = prev.Rev + 1
		got := w.view(t, l)
		if diff := cmp.Diff(next, got.Family); diff != "" {
			t.Errorf("family (-want +got):\n%s", diff)
		}
		if got.Session.LastRefresh != at || got.Session.DeadAt != at+3000 || !w.recorded(t)[ev.ID] {
			t.Errorf("session %+v", got.Session)
		}
		prev = next
	}
	// A clock that went back does not age the session.
	ok(t, w.AdvanceFamily(w.ctx, prev, rotated(prev, start), start, start, nil))
	if got := w.view(t, l).Session; got.LastRefresh != at || got.DeadAt != at+3000 {
		t.Errorf("the session went back to %+v", got)
	}
	// Without a time the session's row stays as it is.
	prev = w.view(t, l).Family
	ok(t, w.AdvanceFamily(w.ctx, prev, rotated(prev, at+700), 0, at+9000, nil))
	if got := w.view(t, l); got.Family.Rev != prev.Rev+1 || got.Session.LastRefresh != at || got.Session.DeadAt != at+3000 {
		t.Errorf("a rotation without a time left %+v", got)
	}
}

func testAdvanceStale(t *testing.T, s *suite) {
	w := s.world(t)
	for name, spoil := range map[string]func(l iam.Login) error{
		"advanced": func(l iam.Login) error {
			return w.AdvanceFamily(w.ctx, *l.Family, rotated(*l.Family, start), start, start, nil)
		},
		"revoked": func(l iam.Login) error {
			_, err := w.KillFamily(w.ctx, *l.Family, "reuse", start, start, nil)
			return err
		},
		"confirmed": func(l iam.Login) error { return w.ConfirmFamily(w.ctx, l.Family.ID, l.Family.Gen) },
		"session ended": func(l iam.Login) error {
			_, err := w.EndSession(w.ctx, w.realm, l.Session.ID, start, start, nil)
			return err
		},
		"client session ended": func(l iam.Login) error {
			_, err := w.EndClientSession(w.ctx, w.realm, l.Session.ID, w.client, start, start, nil)
			return err
		},
	} {
		l := w.opened(t)
		ok(t, spoil(l))
		before := w.view(t, l)
		ev := w.event("REFRESH_TOKEN")
		prevs := []iam.Family{*l.Family}
		if before.Family.RevokedAt != 0 || before.ClientSession == nil {
			prevs = append(prevs, before.Family) // even at the right revision
		}
		for _, prev := range prevs {
			wants(t, w.AdvanceFamily(w.ctx, prev, rotated(prev, start+5), start+5, start+5, ev), iam.ErrStale)
		}
		if diff := cmp.Diff(before, w.view(t, l)); diff != "" || w.recorded(t)[ev.ID] {
			t.Errorf("%s: the loser wrote (-before +after):\n%s", name, diff)
		}
	}
	absent := *w.login().Family
	wants(t, w.AdvanceFamily(w.ctx, absent, absent, start, start, nil), iam.ErrStale)
}

func testAdvanceRace(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	events := make([]*iam.Event, racers)
	for i := range events {
		events[i] = w.event("REFRESH_TOKEN")
	}
	won := winner(t, race(racers, func(i int) error {
		next := rotated(*l.Family, start)
		next.Salt = []byte{byte(i)}
		return w.AdvanceFamily(w.ctx, *l.Family, next, start, start, events[i])
	}), iam.ErrStale)
	got, seen := w.view(t, l).Family, w.recorded(t)
	if got.Gen != 1 || got.Rev != l.Family.Rev+1 || got.Salt[0] != byte(won) {
		t.Errorf("caller %d won, stored is %+v", won, got)
	}
	for i, ev := range events {
		if seen[ev.ID] != (i == won) {
			t.Errorf("event of caller %d: %v", i, seen[ev.ID])
		}
	}
}

func testKillFamily(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	ev := w.event("REFRESH_TOKEN_ERROR")
	entries, err := w.KillFamily(w.ctx, *l.Family, "reuse", start+5, start+9, ev)
	ok(t, err)
	if len(entries) != 1 || entries[0].Seq == 0 || entries[0] != (iam.Revocation{Seq: entries[0].Seq, RealmID: w.realm,
		Kind: iam.RevokeFamily, ID: l.Family.ID, Until: start + 9}) {
		t.Errorf("entries %+v", entries)
	}
	got := w.view(t, l)
	if got.Family.RevokedAt != start+5 || got.Family.RevokeReason != "reuse" || got.Family.Rev != l.Family.Rev+1 ||
		got.Session == nil || !w.recorded(t)[ev.ID] {
		t.Errorf("view %+v", got)
	}
	for _, f := range []iam.Family{*l.Family, got.Family, *w.login().Family} {
		_, err := w.KillFamily(w.ctx, f, "again", start, start, w.event("NEVER"))
		wants(t, err, iam.ErrStale)
	}
}

func testKillRace(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	// Half of the callers refresh, half revoke: one of them all decides.
	won := winner(t, race(racers, func(i int) error {
		if i%2 == 0 {
			return w.AdvanceFamily(w.ctx, *l.Family, rotated(*l.Family, start), start, start, nil)
		}
		_, err := w.KillFamily(w.ctx, *l.Family, "reuse", start, start, nil)
		return err
	}), iam.ErrStale)
	if got := w.view(t, l).Family; (got.RevokedAt != 0) != (won%2 == 1) || got.Gen != int64(1-won%2) {
		t.Errorf("caller %d won, stored is %+v", won, got)
	}
	l = w.opened(t)
	winner(t, race(racers, func(int) error {
		_, err := w.KillFamily(w.ctx, *l.Family, "reuse", start, start+5, nil)
		return err
	}), iam.ErrStale)
}

func testConfirmFamily(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	for _, other := range []func() error{
		func() error { return w.ConfirmFamily(w.ctx, l.Family.ID, l.Family.Gen+1) },
		func() error { return w.ConfirmFamily(w.ctx, "absent", 0) },
	} {
		ok(t, other())
		if diff := cmp.Diff(*l.Family, w.view(t, l).Family); diff != "" {
			t.Errorf("confirming something else (-before +after):\n%s", diff)
		}
	}
	for range 2 {
		ok(t, w.ConfirmFamily(w.ctx, l.Family.ID, l.Family.Gen))
	}
	got := w.view(t, l).Family
	if !got.Confirmed || got.Rev != l.Family.Rev+1 {
		t.Errorf("confirmed twice: %+v", got)
	}
}

// testEndRacesRefresh ends sessions while they are refreshed: once the end is
// acknowledged, no refresh succeeds any more.
func testEndRacesRefresh(t *testing.T, s *suite) {
	w := s.world(t)
	for round := range 20 {
		l := w.opened(t)
		ended := make(chan struct{})
		var refreshing sync.WaitGroup
		for range 4 {
			refreshing.Go(func() {
				for {
					after := false
					select {
					case <-ended:
						after = true
					default:
					}
					v, err := w.Family(w.ctx, w.realm, l.Family.ID)
					if err != nil {
						t.Error(err)
						return
					}
					next := rotated(v.Family, start)
					next.Ring = nil
					advanced := w.AdvanceFamily(w.ctx, v.Family, next, start, start, nil)
					touched := w.TouchSession(w.ctx, l.Session.ID, l.Family.ID, start, start)
					if after && (advanced == nil || touched == nil || v.Family.RevokedAt == 0 && v.ClientSession != nil) {
						t.Errorf("after the end: %v, %v, %+v", advanced, touched, v)
					}
					if after {
						return
					}
				}
			})
		}
		var err error
		switch round % 3 {
		case 0:
			_, err = w.EndSession(w.ctx, w.realm, l.Session.ID, start, start, nil)
		case 1:
			_, err = w.EndClientSession(w.ctx, w.realm, l.Session.ID, w.client, start, start, nil)
		case 2:
			_, err = w.ChangePassword(w.ctx, w.realm, w.user.ID, *w.user.Password, start, start, nil)
		}
		close(ended)
		refreshing.Wait()
		ok(t, err)
	}
}
