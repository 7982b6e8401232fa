package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// merger is what an import asks of a store in use.
type merger interface {
	UserIDs(ctx context.Context, ids []string) (map[string]iam.IDUse, error)
	StageUsers(ctx context.Context, batch, realmID string, users []iam.StagedUser) error
	MergeRealm(ctx context.Context, m iam.RealmMerge, managers []vms.VideoManager, ev *iam.Event) ([]iam.Revocation, error)
	DropStage(ctx context.Context, batch string) error
	DeleteUser(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
}

// testMergeNew: a realm and its staged users come into being together.
func testMergeNew(t *testing.T, s *suite) {
	ctx, m := t.Context(), s.shared.(merger)
	in := s.richRealm()
	realm, batch := in.Realm.ID, s.id("batch")
	first, second := s.person("first"), s.person("second")
	ok(t, m.StageUsers(ctx, batch, realm, []iam.StagedUser{{User: first, MemberOf: []int64{1, 2}}}))
	ok(t, m.StageUsers(ctx, batch, realm, []iam.StagedUser{{User: second}}))
	if _, err := s.shared.UserByName(ctx, realm, first.Username); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("a staged user can be found: %v", err)
	}
	managers := []vms.VideoManager{{ID: 1, Name: "One", UUID: s.id("uuid")}, {ID: 2, Name: "Two", UUID: s.id("uuid")}}
	merge := iam.RealmMerge{Next: in.Realm, Clients: in.Clients, Keys: in.Keys, Batch: batch, At: start, Until: start + 1}
	_, err := m.MergeRealm(ctx, merge, managers, &iam.Event{ID: s.id("event"), RealmID: realm, Type: "ADMIN_CREATE"})
	ok(t, err)
	if diff := cmp.Diff(in, s.stored(t, realm)); diff != "" {
		t.Errorf("stored realm (-want +got):\n%s", diff)
	}
	for _, u := range []iam.User{first, second} {
		got, err := s.shared.User(ctx, realm, u.ID)
		ok(t, err)
		if got.Username != u.Username || got.Password == nil || got.Epoch != 1 {
			t.Errorf("%+v", got)
		}
	}
	list, err := s.shared.VideoManagersOf(ctx, realm, first.ID)
	ok(t, err)
	if len(list) != 2 {
		t.Errorf("member of %v", list)
	}
	events, err := s.shared.Events(ctx, realm, 0, 10)
	ok(t, err)
	if len(events) != 1 {
		t.Errorf("events %v", events)
	}
	if _, err := m.MergeRealm(ctx, merge, nil, nil); !errors.Is(err, iam.ErrConflict) {
		t.Errorf("a second time: %v", err)
	}
}

// testMergeInto changes a realm in use: everything or nothing.
func testMergeInto(t *testing.T, s *suite) {
	w := s.world(t)
	m := s.shared.(merger)
	rows, err := w.LoadConfig(w.ctx)
	ok(t, err)
	realm, client := find(rows, w.realm)
	stored, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	changed := stored
	changed.FirstName, changed.Enabled = "Other", false
	changed.Password = &iam.Credential{ID: s.id("password"), Type: "password", SecretData: "new", CredentialData: "new"}
	next, newClient := realm, client
	next.DisplayName, newClient.Name = "Changed", "Changed"
	fresh, batch := s.person("fresh"), s.id("batch")
	ok(t, m.StageUsers(w.ctx, batch, w.realm, []iam.StagedUser{{User: fresh}, {User: changed, Replaces: &stored}}))
	merge := iam.RealmMerge{
		Prev: &realm, Next: next, Changed: []iam.ClientChange{{Prev: client, Next: newClient}},
		Batch: batch, Members: []iam.MemberChange{{VideoManager: 7, UserID: stored.ID}}, At: start, Until: start + 1000,
	}
	stale := merge
	wrong := realm
	wrong.DisplayName = "somebody else's"
	stale.Prev = &wrong
	if _, err := m.MergeRealm(w.ctx, stale, nil, nil); !errors.Is(err, iam.ErrStale) {
		t.Fatalf("over another realm: %v", err)
	}
	if _, err := w.UserByName(w.ctx, w.realm, fresh.Username); !errors.Is(err, iam.ErrNotFound) {
		t.Fatalf("half of it stayed: %v", err)
	}
	rev, err := m.MergeRealm(w.ctx, merge, []vms.VideoManager{{ID: 7, Name: "Seven", UUID: s.id("uuid")}}, nil)
	ok(t, err)
	kinds := map[iam.RevocationKind]int{}
	for _, r := range rev {
		kinds[r.Kind]++
		if r.Seq == 0 || r.RealmID != w.realm {
			t.Errorf("%+v", r)
		}
	}
	if kinds[iam.RevokeUser] != 1 || kinds[iam.ForgetMembers] != 1 {
		t.Errorf("entries %v", kinds)
	}
	got, err := w.User(w.ctx, w.realm, stored.ID)
	ok(t, err)
	if got.FirstName != "Other" || got.Enabled || got.Password.SecretData != "new" || got.Epoch != stored.Epoch+1 {
		t.Errorf("%+v", got)
	}
	rows, err = w.LoadConfig(w.ctx)
	ok(t, err)
	if r, c := find(rows, w.realm); r.DisplayName != "Changed" || c.Name != "Changed" {
		t.Errorf("%+v, %+v", r, c)
	}
	again, late := s.id("batch"), got
	late.FirstName = "Third"
	ok(t, m.StageUsers(w.ctx, again, w.realm, []iam.StagedUser{{User: late, Replaces: &stored}}))
	if _, err := m.MergeRealm(w.ctx, iam.RealmMerge{Prev: &next, Next: next, Batch: again}, nil, nil); !errors.Is(err, iam.ErrStale) {
		t.Errorf("over another user: %v", err)
	}
}

func find(rows iam.ConfigRows, realmID string) (realm iam.Realm, client iam.Client) {
	for _, r := range rows.Realms {
		if r.ID == realmID {
			realm = r
		}
	}
	for _, c := range rows.Clients {
		if c.RealmID == realmID {
			client = c
		}
	}
	return realm, client
}

// testMergeIDs: ids in use are known, and one of a deleted user is refused.
func testMergeIDs(t *testing.T, s *suite) {
	w := s.world(t)
	m := s.shared.(merger)
	gone := s.person("gone")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{gone}, nil))
	_, err := m.DeleteUser(w.ctx, w.realm, gone.ID, start, start, nil)
	ok(t, err)
	use, err := m.UserIDs(w.ctx, []string{w.user.ID, gone.ID, "nobody"})
	ok(t, err)
	if diff := cmp.Diff(map[string]iam.IDUse{w.user.ID: iam.IDUsed, gone.ID: iam.IDDeleted}, use); diff != "" {
		t.Error(diff)
	}
	rows, err := w.LoadConfig(w.ctx)
	ok(t, err)
	realm, _ := find(rows, w.realm)
	batch := s.id("batch")
	ok(t, m.StageUsers(w.ctx, batch, w.realm, []iam.StagedUser{{User: gone}}))
	if _, err := m.MergeRealm(w.ctx, iam.RealmMerge{Prev: &realm, Next: realm, Batch: batch}, nil, nil); !errors.Is(err, iam.ErrConflict) {
		t.Errorf("a deleted user came back: %v", err)
	}
	ok(t, m.DropStage(w.ctx, batch))
	_, err = m.MergeRealm(w.ctx, iam.RealmMerge{Prev: &realm, Next: realm, Batch: batch}, nil, nil)
	ok(t, err)
}

// testMergeGivenUp: what an import put aside and never used is swept.
func testMergeGivenUp(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	ctx, m := t.Context(), alone.shared.(merger)
	in := alone.richRealm()
	var users []iam.StagedUser
	for range 70 {
		users = append(users, iam.StagedUser{User: alone.person("u"), MemberOf: []int64{1}})
	}
	ok(t, m.StageUsers(ctx, "old", in.Realm.ID, users))
	n, err := alone.shared.Sweep(ctx, start, 1000)
	ok(t, err)
	if n != 0 {
		t.Errorf("%d rows of an import under way were swept", n)
	}
	n, err = alone.shared.Sweep(ctx, start+25*3600*1000, 1000)
	ok(t, err)
	if n != 70 {
		t.Errorf("%d rows swept, want 70", n)
	}
	_, err = m.MergeRealm(ctx, iam.RealmMerge{Next: in.Realm, Batch: "old"}, nil, nil)
	ok(t, err)
	left, err := alone.shared.Users(ctx, in.Realm.ID, "", 10)
	ok(t, err)
	if len(left) != 0 {
		t.Errorf("%d users of a batch that was swept", len(left))
	}
}
