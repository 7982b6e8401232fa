package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

func testOpenLogin(t *testing.T, s *suite) {
	w := s.world(t)
	ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{}, iam.Failures{Count: 3, LastAt: start}, nil))
	l := w.login()
	l.ClearFailures, l.UserEpoch = "key", 1
	l.Session.RememberMe, l.Session.Offline = true, true
	ok(t, w.OpenLogin(w.ctx, l))
	got := w.view(t, l)
	if diff := cmp.Diff(&l.Session, got.Session); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	f, _, err := w.Failures(w.ctx, w.realm, "key")
	ok(t, err)
	if f.Count != 0 || f.LastAt != 0 || !w.recorded(t)[l.Event.ID] {
		t.Errorf("failures %+v", f)
	}

	// A login without a family, as of a client that gets no refresh token.
	bare := w.login()
	bare.Family, bare.Event, bare.ClearFailures = nil, nil, "absent"
	ok(t, w.OpenLogin(w.ctx, bare))
	_, err = w.EndSession(w.ctx, w.realm, bare.Session.ID, start, start, nil)
	ok(t, err)
}

func testOpenLoginStale(t *testing.T, s *suite) {
	w := s.world(t)
	ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{}, iam.Failures{Count: 3}, nil))
	taken := w.opened(t)
	elsewhere := s.world(t)
	for name, c := range map[string]struct {
		spoil func(*iam.Login)
		want  error
	}{
		"no such user":    {func(l *iam.Login) { l.Session.UserID = "absent" }, iam.ErrStale},
		"another realm's": {func(l *iam.Login) { l.Session.RealmID = elsewhere.realm }, iam.ErrStale},
		"later epoch":     {func(l *iam.Login) { l.UserEpoch = 2 }, iam.ErrStale},
		"session id":      {func(l *iam.Login) { l.Session.ID = taken.Session.ID }, iam.ErrConflict},
		"family id":       {func(l *iam.Login) { l.Family.ID = taken.Family.ID }, iam.ErrConflict},
		"client session":  {func(l *iam.Login) { l.ClientSession.SessionID = taken.Session.ID }, iam.ErrConflict},
	} {
		l := w.login()
		l.ClearFailures = "key"
		session, family := l.Session.ID, l.Family.ID
		c.spoil(&l)
		wants(t, w.OpenLogin(w.ctx, l), c.want)
		if _, err := w.EndSession(w.ctx, w.realm, session, start, start, nil); err == nil {
			t.Errorf("%s: a refused login left its session", name)
		}
		if _, err := w.Family(w.ctx, w.realm, family); err == nil {
			t.Errorf("%s: a refused login left its family", name)
		}
		if f, _, err := w.Failures(w.ctx, w.realm, "key"); err != nil || f.Count != 3 || w.recorded(t)[l.Event.ID] {
			t.Errorf("%s: a refused login left its mark: %+v, %v", name, f, err)
		}
	}
	if diff := cmp.Diff(*taken.Family, w.view(t, taken).Family); diff != "" {
		t.Errorf("the family that was there (-want +got):\n%s", diff)
	}
}

func testOpenLoginRace(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.login()
	winner(t, race(racers, func(i int) error {
		mine, family := l, *l.Family
		family.Scope = string(rune('a' + i))
		mine.Family = &family
		return w.OpenLogin(w.ctx, mine)
	}), iam.ErrConflict)

	// Many logins of one user at once all succeed.
	for _, err := range race(racers, func(int) error { return w.OpenLogin(w.ctx, w.login()) }) {
		ok(t, err)
	}
	entries, err := w.ChangePassword(w.ctx, w.realm, w.user.ID, *w.user.Password, start, start, nil)
	ok(t, err)
	if len(entries) != racers+1 {
		t.Errorf("%d sessions, want %d", len(entries), racers+1)
	}
}

func testTouchSession(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	ok(t, w.TouchSession(w.ctx, l.Session.ID, l.Family.ID, start+100, start+5000))
	ok(t, w.TouchSession(w.ctx, l.Session.ID, l.Family.ID, start+50, start+50)) // a late one
	got := w.view(t, l)
	if got.Session.LastRefresh != start+100 || got.Session.DeadAt != start+5000 || got.Family.DeadAt != start+5000 ||
		got.Family.Rev != l.Family.Rev {
		t.Errorf("session %+v, family %+v", got.Session, got.Family)
	}
	other := w.opened(t)
	for _, absent := range [][2]string{{"absent", l.Family.ID}, {l.Session.ID, "absent"}, {l.Session.ID, other.Family.ID}} {
		wants(t, w.TouchSession(w.ctx, absent[0], absent[1], start+200, start+9000), iam.ErrNotFound)
	}
	_, err := w.KillFamily(w.ctx, *l.Family, "revoked", start, start, nil)
	ok(t, err)
	wants(t, w.TouchSession(w.ctx, l.Session.ID, l.Family.ID, start+200, start+9000), iam.ErrNotFound)
	_, err = w.EndSession(w.ctx, w.realm, other.Session.ID, start, start, nil)
	ok(t, err)
	wants(t, w.TouchSession(w.ctx, other.Session.ID, other.Family.ID, start+200, start+9000), iam.ErrNotFound)
	if got := w.view(t, l).Session; got.LastRefresh != start+100 {
		t.Errorf("a refused touch moved %+v", got)
	}
}

func testEndSession(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	_, err := w.EndSession(w.ctx, s.world(t).realm, l.Session.ID, start, start, w.event("NEVER"))
	wants(t, err, iam.ErrNotFound)
	ev := w.event("LOGOUT")
	entries := make([][]iam.Revocation, racers)
	won := winner(t, race(racers, func(i int) (err error) {
		entries[i], err = w.EndSession(w.ctx, w.realm, l.Session.ID, start, start+9, ev)
		return err
	}), iam.ErrNotFound)
	want := []iam.Revocation{{RealmID: w.realm, Kind: iam.RevokeSession, ID: l.Session.ID, Until: start + 9}}
	for i, got := range entries {
		if i != won {
			if got != nil {
				t.Errorf("caller %d lost and got %+v", i, got)
			}
			continue
		}
		want[0].Seq = got[0].Seq
		if diff := cmp.Diff(want, got); diff != "" || got[0].Seq == 0 {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	}
	if v := w.view(t, l); v.Session != nil || v.ClientSession != nil || v.User == nil || v.Family.RevokedAt != 0 {
		t.Errorf("after the end: %+v", v)
	}
	if !w.recorded(t)[ev.ID] {
		t.Error("the event is missing")
	}
}

func testEndClientSession(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	end := func(realm, client string) ([]iam.Revocation, error) {
		return w.EndClientSession(w.ctx, realm, l.Session.ID, client, start, start+9, w.event("LOGOUT"))
	}
	for _, absent := range [][2]string{{w.realm, "absent"}, {s.world(t).realm, w.client}} {
		_, err := end(absent[0], absent[1])
		wants(t, err, iam.ErrNotFound)
	}
	got, err := end(w.realm, w.client)
	ok(t, err)
	if len(got) != 2 || got[0].Kind != iam.RevokeClientSession || got[0].ID != l.Session.ID+"/"+w.client ||
		got[1].Kind != iam.RevokeSession || got[1].ID != l.Session.ID || got[1].Seq <= got[0].Seq || got[0].Until != start+9 {
		t.Errorf("entries %+v", got)
	}
	if v := w.view(t, l); v.Session != nil || v.ClientSession != nil {
		t.Errorf("the session outlived its last client: %+v", v)
	}
	_, err = end(w.realm, w.client)
	wants(t, err, iam.ErrNotFound)
}

func testJoinSession(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	f := *l.Family
	f.ID, f.ClientID = s.id("family"), s.id("client")
	cs := iam.ClientSession{SessionID: l.Session.ID, ClientID: f.ClientID, StartedAt: start + 1}
	ev := w.event("LOGIN")
	ok(t, w.JoinSession(w.ctx, cs, f, ev))
	v, err := w.Family(w.ctx, w.realm, f.ID)
	ok(t, err)
	if diff := cmp.Diff(&cs, v.ClientSession); diff != "" || !w.recorded(t)[ev.ID] {
		t.Errorf("client session (-want +got):\n%s", diff)
	}
	again := f
	again.ID = s.id("family")
	wants(t, w.JoinSession(w.ctx, cs, again, w.event("NEVER")), iam.ErrConflict)
	_, err = w.EndSession(w.ctx, w.realm, l.Session.ID, start, start, nil)
	ok(t, err)
	cs.ClientID, again.ClientID = "another", "another"
	wants(t, w.JoinSession(w.ctx, cs, again, w.event("NEVER")), iam.ErrNotFound)
}
