package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Orders are the facts by which an operator changes users, realms, clients and
// keys.
type Orders interface {
	ReplaceUser(ctx context.Context, prev, next iam.User, ev *iam.Event) error
	DeleteUser(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	SetUserNotBefore(ctx context.Context, realmID, userID string, notBefore, until int64, ev *iam.Event) ([]iam.Revocation, error)
	ClearFailures(ctx context.Context, realmID string, keys []string, ev *iam.Event) (bool, error)
	ReplaceRealm(ctx context.Context, prev, next iam.Realm, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
	AddClient(ctx context.Context, c iam.Client, ev *iam.Event) error
	ReplaceClient(ctx context.Context, prev, next iam.Client, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
	ChangeKeys(ctx context.Context, realmID string, prev, next []iam.Key, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
}

// now is the stored user.
func (w *world) now(t testing.TB) iam.User {
	t.Helper()
	u, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	return u
}

func testReplaceUser(t *testing.T, s *suite) {
	w := s.world(t)
	bob := s.person("bob")
	bob.Email = "bob@example.org"
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{bob}, nil))
	_, err := w.SetUserEnabled(w.ctx, w.realm, w.user.ID, false, start, start, nil) // the stored document says otherwise
	ok(t, err)
	prev := w.now(t)
	next := prev
	next.Username, next.Email, next.FirstName, next.Attributes = "Anne", "Anne@Example.org", "Anne", map[string][]string{"a": {"b"}}
	next.Enabled, next.Epoch, next.Password = true, 99, nil // have facts of their own
	refuse := func(prev, next iam.User, want error) {
		t.Helper()
		wants(t, w.ReplaceUser(w.ctx, prev, next, w.event("NEVER")), want)
	}
	older, absent, elsewhere := prev, prev, prev
	older.FirstName, absent.ID, elsewhere.RealmID = "x", "absent", s.world(t).realm
	refuse(older, next, iam.ErrStale)
	refuse(absent, next, iam.ErrNotFound)
	refuse(elsewhere, next, iam.ErrNotFound)
	taken := next
	taken.Username = "BOB"
	refuse(prev, taken, iam.ErrConflict)
	taken = next
	taken.Email = "BOB@example.org"
	refuse(prev, taken, iam.ErrConflict)

	ev := w.event("ADMIN_UPDATE")
	won := winner(t, race(racers, func(i int) error {
		n := next
		n.LastName = fmt.Sprint(i)
		return w.ReplaceUser(w.ctx, prev, n, ev)
	}), iam.ErrStale)
	next.LastName, next.Enabled, next.Epoch, next.Password = fmt.Sprint(won), false, prev.Epoch, prev.Password
	for name, find := range map[string]func() (iam.User, error){
		"id":    func() (iam.User, error) { return w.User(w.ctx, w.realm, w.user.ID) },
		"name":  func() (iam.User, error) { return w.UserByName(w.ctx, w.realm, "anne") },
		"email": func() (iam.User, error) { return w.UserByEmail(w.ctx, w.realm, "anne@example.org") },
	} {
		got, err := find()
		ok(t, err)
		if diff := cmp.Diff(next, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", name, diff)
		}
	}
	_, err = w.UserByName(w.ctx, w.realm, "anna")
	wants(t, err, iam.ErrNotFound)
	if seen := w.recorded(t); len(seen) != 1 || !seen[ev.ID] {
		t.Errorf("events %v", seen)
	}
}

func testDeleteUser(t *testing.T, s *suite) {
	w := s.world(t)
	manager := s.manager(w.realm, 7)
	ok(t, w.AddVideoManager(w.ctx, w.realm, manager, nil))
	_, err := w.ChangeMembers(w.ctx, w.realm, 7, []string{w.user.ID}, nil, start, nil)
	ok(t, err)
	bob := s.person("bob")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{bob}, []int64{7}))
	mine := []iam.Login{w.opened(t), w.opened(t)}
	theirs := w.login()
	theirs.Session.UserID, theirs.Family.UserID = bob.ID, bob.ID
	ok(t, w.OpenLogin(w.ctx, theirs))
	for _, absent := range [][2]string{{w.realm, "absent"}, {"absent", w.user.ID}} {
		_, err := w.DeleteUser(w.ctx, absent[0], absent[1], start, start+9000, w.event("NEVER"))
		wants(t, err, iam.ErrNotFound)
	}
	ev := w.event("ADMIN_DELETE")
	entries, err := w.DeleteUser(w.ctx, w.realm, w.user.ID, start, start+9000, ev)
	ok(t, err)
	if len(entries) != 3 || entries[2].Kind != iam.RevokeUser || entries[2].ID != w.user.ID || entries[2].IssuedBefore <= (start+9000)/1000 {
		t.Errorf("entries %+v", entries)
	}
	for _, l := range mine {
		_, err := w.Family(w.ctx, w.realm, l.Family.ID)
		wants(t, err, iam.ErrNotFound)
	}
	if v := w.view(t, theirs); v.Session == nil || v.User == nil {
		t.Error("somebody else's session ended")
	}
	members, err := w.MembersOf(w.ctx, w.realm, 7, "", 10)
	ok(t, err)
	if diff := cmp.Diff([]iam.Member{{UserID: bob.ID, Username: "bob"}}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	_, err = w.User(w.ctx, w.realm, w.user.ID)
	wants(t, err, iam.ErrNotFound)
	wants(t, w.OpenLogin(w.ctx, w.login()), iam.ErrStale)

	// The name is free again, the id never.
	again := s.person("anna")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{again}, nil))
	again = s.person("anna2")
	again.ID = w.user.ID
	fresh := s.person("carl")
	wants(t, w.AddUsers(w.ctx, w.realm, []iam.User{fresh, again}, nil), iam.ErrConflict)
	wants(t, w.ImportRealm(w.ctx, iam.RealmImport{Realm: iam.Realm{ID: s.id("realm"), Name: s.id("name")}, Users: []iam.User{again}}, nil), iam.ErrConflict)
	again.RealmID = w.realm
	wants(t, w.AddUser(w.ctx, again, nil, w.event("NEVER")), iam.ErrConflict)
	if _, err := w.UserByName(w.ctx, w.realm, "carl"); err == nil || !w.recorded(t)[ev.ID] {
		t.Error("a refused call left a user, or the event is missing")
	}
}

func testSetUserNotBefore(t *testing.T, s *suite) {
	w := s.world(t)
	before := w.now(t)
	got, err := w.SetUserNotBefore(w.ctx, w.realm, w.user.ID, start/1000, start+9, w.event("ADMIN_ACTION"))
	ok(t, err)
	want := iam.Revocation{RealmID: w.realm, Kind: iam.RevokeUser, ID: w.user.ID, IssuedBefore: start / 1000, Until: start + 9}
	if len(got) == 1 {
		want.Seq = got[0].Seq
	}
	if diff := cmp.Diff([]iam.Revocation{want}, got); diff != "" || want.Seq == 0 {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	before.NotBefore = start / 1000
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if got, err = w.SetUserNotBefore(w.ctx, w.realm, w.user.ID, 0, start+9, w.event("ADMIN_ACTION")); err != nil || got != nil || w.now(t).NotBefore != 0 {
		t.Errorf("cleared: %+v, %v", got, err)
	}
	for _, absent := range [][2]string{{w.realm, "absent"}, {"absent", w.user.ID}} {
		_, err := w.SetUserNotBefore(w.ctx, absent[0], absent[1], 1, 1, w.event("NEVER"))
		wants(t, err, iam.ErrNotFound)
	}
	if n := len(w.recorded(t)); n != 2 {
		t.Errorf("%d events", n)
	}
}

func testClearFailures(t *testing.T, s *suite) {
	w := s.world(t)
	for _, key := range []string{"a", "b", "other"} {
		ok(t, w.ReplaceFailures(w.ctx, w.realm, key, iam.Failures{}, iam.Failures{Count: 100, Locked: true}, nil))
	}
	read, _, err := w.Failures(w.ctx, w.realm, "a")
	ok(t, err)
	ev := w.event("ADMIN_ACTION")
	for i, want := range []bool{true, false} {
		existed, err := w.ClearFailures(w.ctx, w.realm, []string{"a", "absent", "b"}, ev)
		if err != nil || existed != want {
			t.Errorf("call %d: %v, %v", i, existed, err)
		}
	}
	for key, want := range map[string]int{"a": 0, "b": 0, "other": 100} {
		f, _, err := w.Failures(w.ctx, w.realm, key)
		if err != nil || f.Count != want || f.Locked != (want > 0) {
			t.Errorf("%s: %+v, %v", key, f, err)
		}
	}
	wants(t, w.ReplaceFailures(w.ctx, w.realm, "a", read, read, nil), iam.ErrStale) // who read the lock may not write it again
	if seen := w.recorded(t); len(seen) != 1 || !seen[ev.ID] {
		t.Errorf("events %v", seen)
	}
}

// version is the configuration's.
func (w *world) version(t testing.TB) int64 {
	t.Helper()
	v, err := w.ConfigVersion(w.ctx)
	ok(t, err)
	return v
}

func testReplaceRealm(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	other := alone.world(t)
	prev := alone.stored(t, w.realm).Realm
	next := prev
	next.DisplayName, next.NotBefore = "Ours", start/1000
	version := w.version(t)
	rev := []iam.Revocation{{RealmID: w.realm, Kind: iam.RevokeRealm, ID: w.realm, IssuedBefore: start / 1000, Until: start + 9}}
	stale, absent, taken := prev, prev, next
	stale.DisplayName, absent.ID, taken.Name = "x", "absent", other.realm
	for want, call := range map[error][2]iam.Realm{iam.ErrStale: {stale, next}, iam.ErrNotFound: {absent, next}, iam.ErrConflict: {prev, taken}} {
		_, err := w.ReplaceRealm(w.ctx, call[0], call[1], rev, w.event("NEVER"))
		wants(t, err, want)
	}
	if got, err := w.Revocations(w.ctx, 0); err != nil || len(got) != 0 || w.version(t) != version || len(w.recorded(t)) != 0 {
		t.Errorf("refused calls left %+v, version %d, %v", got, w.version(t), err)
	}
	out := make([][]iam.Revocation, racers)
	won := winner(t, race(racers, func(i int) (err error) {
		n := next
		n.SSLRequired = fmt.Sprint(i)
		out[i], err = w.ReplaceRealm(w.ctx, prev, n, rev, w.event("ADMIN_UPDATE"))
		return err
	}), iam.ErrStale)
	next.SSLRequired, rev[0].Seq = fmt.Sprint(won), 1
	if diff := cmp.Diff([]any{next, rev}, []any{alone.stored(t, w.realm).Realm, out[won]}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w.version(t) != version+1 || len(w.recorded(t)) != 1 {
		t.Errorf("version %d after %d, events %v", w.version(t), version, w.recorded(t))
	}
}

func testClients(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	version := w.version(t)
	added := iam.Client{ID: s.id("client"), RealmID: w.realm, ClientID: "b", Public: true, Attributes: map[string]string{"k": "v"}}
	ok(t, w.AddClient(w.ctx, added, w.event("ADMIN_CREATE")))
	sameName, sameID, nowhere := added, added, added
	sameName.ID, sameID.ClientID, nowhere.ID, nowhere.RealmID = s.id("client"), "c", s.id("client"), "absent"
	for _, c := range []struct {
		client iam.Client
		want   error
	}{{sameName, iam.ErrConflict}, {sameID, iam.ErrConflict}, {nowhere, iam.ErrNotFound}} {
		wants(t, w.AddClient(w.ctx, c.client, w.event("NEVER")), c.want)
	}
	prev := alone.stored(t, w.realm).Clients[1]
	if diff := cmp.Diff(added, prev); diff != "" || w.version(t) != version+1 {
		t.Errorf("version %d after %d, client (-want +got):\n%s", w.version(t), version, diff)
	}
	next := prev
	next.SealedSecret, next.NotBefore = []byte{1, 255}, 7
	rev := []iam.Revocation{{RealmID: w.realm, Kind: iam.RevokeClient, ID: added.ID, IssuedBefore: 7, Until: start + 9}}
	stale, absent, taken := prev, prev, next
	stale.Name, absent.ID, taken.ClientID = "x", "absent", "app"
	for want, call := range map[error][2]iam.Client{iam.ErrStale: {stale, next}, iam.ErrNotFound: {absent, next}, iam.ErrConflict: {prev, taken}} {
		_, err := w.ReplaceClient(w.ctx, call[0], call[1], rev, w.event("NEVER"))
		wants(t, err, want)
	}
	got, err := w.ReplaceClient(w.ctx, prev, next, rev, w.event("ADMIN_UPDATE"))
	ok(t, err)
	rev[0].Seq = 1
	if diff := cmp.Diff([]any{next, rev}, []any{alone.stored(t, w.realm).Clients[1], got}); diff != "" || w.version(t) != version+2 || len(w.recorded(t)) != 2 {
		t.Errorf("version %d, events %v (-want +got):\n%s", w.version(t), w.recorded(t), diff)
	}
}

func testChangeKeys(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	key := func(kid string, status iam.KeyStatus) iam.Key {
		return iam.Key{ID: s.id("key"), RealmID: w.realm, KID: kid, Algorithm: "RS256", Status: status, Sealed: []byte(kid)}
	}
	version, a, b, c := w.version(t), key("a", iam.KeyActive), key("b", iam.KeyActive), key("c", iam.KeyPassive)
	change := func(prev, next []iam.Key, want error) {
		t.Helper()
		_, err := w.ChangeKeys(w.ctx, w.realm, prev, next, nil, w.event("ADMIN_UPDATE"))
		wants(t, err, want)
	}
	change(nil, []iam.Key{a, b}, nil)
	change(nil, []iam.Key{c}, iam.ErrStale)
	change([]iam.Key{a}, []iam.Key{c}, iam.ErrStale)
	change([]iam.Key{a, b, c}, []iam.Key{c}, iam.ErrStale)
	other := b
	other.Status = iam.KeyDisabled
	change([]iam.Key{a, other}, []iam.Key{c}, iam.ErrStale)
	change([]iam.Key{a, b}, []iam.Key{a, c, key("a", iam.KeyActive)}, iam.ErrConflict)
	_, err := w.ChangeKeys(w.ctx, "absent", nil, []iam.Key{c}, nil, nil)
	wants(t, err, iam.ErrNotFound)
	if diff := cmp.Diff([]iam.Key{a, b}, alone.stored(t, w.realm).Keys); diff != "" || w.version(t) != version+1 || len(w.recorded(t)) != 1 {
		t.Errorf("version %d, events %v, keys (-want +got):\n%s", w.version(t), w.recorded(t), diff)
	}
	won := winner(t, race(racers, func(i int) error {
		n := c
		n.Priority = i
		_, err := w.ChangeKeys(w.ctx, w.realm, []iam.Key{b, a}, []iam.Key{n, other}, nil, nil) // a goes, b is disabled
		return err
	}), iam.ErrStale)
	c.Priority = won
	want := []iam.Key{other, c}
	slices.SortFunc(want, func(x, y iam.Key) int { return compare(x.ID, y.ID) })
	if diff := cmp.Diff(want, alone.stored(t, w.realm).Keys); diff != "" || w.version(t) != version+2 {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	change(want, nil, nil)
}
