package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Sessions are the facts by which an operator looks at sessions and ends them.
type Sessions interface {
	Sessions(ctx context.Context, realmID string, q iam.SessionQuery) ([]iam.SessionInfo, error)
	CountSessions(ctx context.Context, realmID string) (int, error)
	EndUserSessions(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	EndAllSessions(ctx context.Context, realmID string, at, until int64, ev *iam.Event) (int, []iam.Revocation, error)
	EndEverything(ctx context.Context, notBefore int64, ev *iam.Event) error
}

// info is what a list tells of a login.
func info(l iam.Login, name string) iam.SessionInfo {
	out := iam.SessionInfo{UserSession: l.Session, Username: name,
		Clients: []iam.ClientUse{{ClientID: l.ClientSession.ClientID, StartedAt: l.ClientSession.StartedAt}}}
	if f := l.Family; f != nil {
		out.Clients[0].FamilyID, out.Clients[0].Rotating, out.Clients[0].Gen = f.ID, f.Rotating, f.Gen
	}
	return out
}

func testSessions(t *testing.T, s *suite) {
	w := s.world(t)
	bob := s.person("bob")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{bob}, nil))
	s.world(t).opened(t) // elsewhere
	second := s.id("client")
	want := map[string]iam.SessionInfo{}
	for i := range 9 {
		l := w.login()
		name := "anna"
		if i%3 == 0 {
			l.Session.UserID, l.Family.UserID, name = bob.ID, bob.ID, "bob"
		}
		if i%4 == 1 {
			l.ClientSession.ClientID, l.Family.ClientID = second, second
		}
		if i == 5 {
			l.Family = nil
		}
		ok(t, w.OpenLogin(w.ctx, l))
		want[l.Session.ID] = info(l, name)
		if i == 2 { // refreshed, and used by one more client
			next := rotated(*l.Family, start)
			ok(t, w.AdvanceFamily(w.ctx, *l.Family, next, start+5, start+3000, nil))
			joined := *l.Family
			joined.ID, joined.ClientID, joined.Rotating = s.id("family"), second, false
			ok(t, w.JoinSession(w.ctx, iam.ClientSession{SessionID: l.Session.ID, ClientID: second, StartedAt: start + 1}, joined, nil))
			in := want[l.Session.ID]
			in.LastRefresh, in.DeadAt, in.Clients[0].Gen = start+5, start+3000, next.Gen
			in.Clients = append(in.Clients, iam.ClientUse{ClientID: second, StartedAt: start + 1, FamilyID: joined.ID})
			slices.SortFunc(in.Clients, func(a, b iam.ClientUse) int { return compare(a.ClientID, b.ClientID) })
			want[l.Session.ID] = in
		}
	}
	uses := func(in iam.SessionInfo, client string) bool {
		return slices.ContainsFunc(in.Clients, func(c iam.ClientUse) bool { return c.ClientID == client })
	}
	for _, q := range []iam.SessionQuery{{}, {UserID: bob.ID}, {UserID: w.user.ID}, {UserID: "nobody"}, {ClientID: second}, {ClientID: w.client},
		{ClientID: "none"}, {UserID: w.user.ID, ClientID: second}} {
		expected := map[string]iam.SessionInfo{}
		for id, in := range want {
			if (q.UserID == "" || q.UserID == in.UserID) && (q.ClientID == "" || uses(in, q.ClientID)) {
				expected[id] = in
			}
		}
		for _, limit := range []int{1, 2, 100} {
			q.Limit = limit
			if diff := cmp.Diff(expected, w.sessions(t, q)); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", q, diff)
			}
		}
	}
	n, err := w.CountSessions(w.ctx, w.realm)
	if err != nil || n != len(want) {
		t.Errorf("%d sessions, %v", n, err)
	}
}

// sessions reads a list to its end, by id; twice the same is an error.
func (w *world) sessions(t *testing.T, q iam.SessionQuery) map[string]iam.SessionInfo {
	t.Helper()
	out := map[string]iam.SessionInfo{}
	for {
		page, err := w.Sessions(w.ctx, w.realm, q)
		ok(t, err)
		for _, in := range page {
			if _, twice := out[in.ID]; twice {
				t.Errorf("%s is listed twice", in.ID)
			}
			out[in.ID] = in
			q.After = in.Cursor()
		}
		if len(page) < q.Limit {
			return out
		}
	}
}

func testEndUserSessions(t *testing.T, s *suite) {
	w := s.world(t)
	bob := s.person("bob")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{bob}, nil))
	theirs := w.login()
	theirs.Session.UserID, theirs.Family.UserID = bob.ID, bob.ID
	ok(t, w.OpenLogin(w.ctx, theirs))
	mine := []iam.Login{w.opened(t), w.opened(t)}
	ev := w.event("ADMIN_ACTION")
	entries, err := w.EndUserSessions(w.ctx, w.realm, w.user.ID, start, start+9, ev)
	ok(t, err)
	if len(entries) != 2 || entries[0].Kind != iam.RevokeSession || entries[0].Until != start+9 {
		t.Errorf("entries %+v", entries)
	}
	for _, l := range mine {
		if v := w.view(t, l); v.Session != nil || v.ClientSession != nil || v.User == nil {
			t.Errorf("%s lives", l.Session.ID)
		}
	}
	if w.view(t, theirs).Session == nil || !w.recorded(t)[ev.ID] {
		t.Error("somebody else's session ended, or the event is missing")
	}
	again, err := w.EndUserSessions(w.ctx, w.realm, w.user.ID, start, start+9, w.event("NEVER"))
	if err != nil || again != nil || len(w.recorded(t)) != 4 {
		t.Errorf("with none left: %+v, %v", again, err)
	}
	_, err = w.EndUserSessions(w.ctx, w.realm, "absent", start, start, nil)
	wants(t, err, iam.ErrNotFound)
	w.opened(t) // the user may come back at once
}

// testEndAllSessions ends more than one step's worth.
func testEndAllSessions(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	elsewhere := alone.world(t)
	theirs := elsewhere.opened(t)
	for _, err := range race(racers, func(int) error {
		for range 40 {
			if err := w.OpenLogin(w.ctx, w.login()); err != nil {
				return err
			}
		}
		return nil
	}) {
		ok(t, err)
	}
	late := w.login()
	late.Session.StartedAt = start + 1
	ok(t, w.OpenLogin(w.ctx, late))
	alone.clock.ms.Add(2000) // ending them takes its time
	ev := w.event("ADMIN_ACTION")
	n, entries, err := w.EndAllSessions(w.ctx, w.realm, start, start+9000, ev)
	ok(t, err)
	if n != racers*40 || len(entries) != 2 || entries[0].Kind != iam.RevokeRealm || entries[0].ID != w.realm ||
		entries[0].IssuedBefore != start/1000+1 || entries[1].IssuedBefore != start/1000+3 {
		t.Errorf("%d ended, entries %+v", n, entries)
	}
	left, err := w.CountSessions(w.ctx, w.realm)
	ok(t, err)
	if left != 1 || w.view(t, late).ClientSession == nil || elsewhere.view(t, theirs).Session == nil || !w.recorded(t)[ev.ID] {
		t.Errorf("%d left; a later one and another realm's must live", left)
	}
	_, _, err = w.EndAllSessions(w.ctx, "absent", start, start, nil)
	wants(t, err, iam.ErrNotFound)
}

func testEndEverything(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	worlds := []*world{alone.world(t), alone.world(t)}
	ctx, second := worlds[0].ctx, start/1000+7
	later := alone.stored(t, worlds[1].realm).Realm
	next := later
	next.NotBefore = second + 1
	_, err := alone.shared.ReplaceRealm(ctx, later, next, nil, nil)
	ok(t, err)
	var logins []iam.Login
	for _, w := range worlds {
		logins = append(logins, w.opened(t))
	}
	version, ev := worlds[0].version(t), worlds[0].event("RESTORED")
	ok(t, alone.shared.EndEverything(ctx, second, ev))
	for i, w := range worlds {
		_, err := w.Family(ctx, w.realm, logins[i].Family.ID)
		wants(t, err, iam.ErrNotFound)
		n, err := w.CountSessions(ctx, w.realm)
		if got := alone.stored(t, w.realm).Realm.NotBefore; err != nil || n != 0 || got != second+int64(i) {
			t.Errorf("%d sessions, not-before %d, %v", n, got, err)
		}
	}
	if worlds[0].version(t) != version+1 || !worlds[0].recorded(t)[ev.ID] {
		t.Error("the version stayed, or the event is missing")
	}
}
