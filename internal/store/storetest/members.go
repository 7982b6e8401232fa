package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Members are the facts about VideoManagers and who is a member.
type Members interface {
	AddVideoManager(ctx context.Context, realmID string, v vms.VideoManager, ev *iam.Event) error
	ChangeMembers(ctx context.Context, realmID string, vmID int64, add, remove []string, until int64, ev *iam.Event) ([]iam.Revocation, error)
	MembersOf(ctx context.Context, realmID string, vmID int64, afterID string, limit int) ([]iam.Member, error)
}

func (s *suite) manager(realm string, id int64) vms.VideoManager {
	return vms.VideoManager{ID: id, Name: "Nr. 7", UUID: s.id("uuid"), RealmID: realm, Configuration: json.RawMessage(`{"a": 1}`)}
}

func testAddVideoManager(t *testing.T, s *suite) {
	w := s.world(t)
	v, ev := s.manager(w.realm, 7), w.event("ADMIN_CREATE")
	ok(t, w.AddVideoManager(w.ctx, w.realm, v, ev))
	sameID, sameUUID := s.manager(w.realm, 7), s.manager(w.realm, 8)
	sameUUID.UUID = v.UUID
	wants(t, w.AddVideoManager(w.ctx, w.realm, sameID, w.event("NEVER")), iam.ErrConflict)
	wants(t, w.AddVideoManager(w.ctx, w.realm, sameUUID, w.event("NEVER")), iam.ErrConflict)
	wants(t, w.AddVideoManager(w.ctx, "absent", s.manager("absent", 9), w.event("NEVER")), iam.ErrNotFound)
	got, err := w.VideoManagers(w.ctx, w.realm)
	ok(t, err)
	if diff := cmp.Diff([]vms.Membership{{VideoManager: v}}, got); diff != "" || len(w.recorded(t)) != 1 || !w.recorded(t)[ev.ID] {
		t.Errorf("events %v (-want +got):\n%s", w.recorded(t), diff)
	}
}

func testChangeMembers(t *testing.T, s *suite) {
	w := s.world(t)
	ok(t, w.AddVideoManager(w.ctx, w.realm, s.manager(w.realm, 7), nil))
	var ids []string
	for _, name := range []string{"bob", "carl", "dora"} {
		u := s.person(name)
		ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{u}, nil))
		ids = append(ids, u.ID)
	}
	bob, carl, dora := ids[0], ids[1], ids[2]
	change := func(add, remove []string, want ...string) {
		t.Helper()
		before := len(w.recorded(t))
		got, err := w.ChangeMembers(w.ctx, w.realm, 7, add, remove, start+9, w.event("ADMIN_UPDATE"))
		ok(t, err)
		var users []string
		for _, r := range got {
			if r.Kind != iam.ForgetMembers || r.RealmID != w.realm || r.Until != start+9 || r.Seq == 0 {
				t.Errorf("entry %+v", r)
			}
			users = append(users, r.ID)
		}
		events := before
		if len(want) > 0 {
			events++
		}
		if !slices.Equal(users, want) || len(w.recorded(t)) != events {
			t.Errorf("changed for %v, want %v; %d events, want %d", users, want, len(w.recorded(t)), events)
		}
	}
	change([]string{bob, carl}, nil, bob, carl)
	change([]string{bob}, []string{dora, "absent"})
	change([]string{dora, bob}, []string{carl}, dora, carl)
	other := s.world(t)
	for name, call := range map[string]func() ([]iam.Revocation, error){
		"no such user": func() ([]iam.Revocation, error) {
			return w.ChangeMembers(w.ctx, w.realm, 7, []string{carl, "absent"}, []string{bob}, 0, nil)
		},
		"another realm's user": func() ([]iam.Revocation, error) {
			return w.ChangeMembers(w.ctx, w.realm, 7, []string{other.user.ID}, nil, 0, nil)
		},
		"no such VideoManager": func() ([]iam.Revocation, error) {
			return w.ChangeMembers(w.ctx, w.realm, 8, nil, []string{bob}, 0, nil)
		},
		"another realm's": func() ([]iam.Revocation, error) { return w.ChangeMembers(w.ctx, other.realm, 7, nil, nil, 0, nil) },
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			wants(t, err, iam.ErrNotFound)
		}
	}
	want := []iam.Member{{UserID: bob, Username: "bob"}, {UserID: dora, Username: "dora"}}
	slices.SortFunc(want, func(a, b iam.Member) int { return compare(a.UserID, b.UserID) })
	var got []iam.Member
	for after, end := "", false; !end; {
		page, err := w.MembersOf(w.ctx, w.realm, 7, after, 1)
		ok(t, err)
		if end = len(page) == 0; !end {
			got, after = append(got, page...), page[0].UserID
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	_, err := w.MembersOf(w.ctx, w.realm, 8, "", 1)
	wants(t, err, iam.ErrNotFound)
}
