package storetest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Accounts are the facts by which an operator makes users and service clients
// and sets passwords.
type Accounts interface {
	AddUser(ctx context.Context, u iam.User, memberOf []int64, ev *iam.Event) error
	SetPassword(ctx context.Context, prev, next iam.User, until int64, ev *iam.Event) ([]iam.Revocation, error)
	AddServiceClient(ctx context.Context, c iam.Client, account iam.User, ev *iam.Event) error
	AddRealm(ctx context.Context, r iam.RealmImport, m []vms.Membership, ev *iam.Event) error
	Managers(ctx context.Context, realmID string, after int64, limit int) ([]vms.Counted, error)
	LastManager(ctx context.Context) (int64, error)
}

func testManagers(t *testing.T, s *suite) {
	w := s.world(t)
	id := s.id("realm")
	in := iam.RealmImport{Realm: iam.Realm{ID: id, Name: id}, Users: []iam.User{s.person("a"), s.person("b")}}
	var members []vms.Membership
	for i := range 3 {
		m := vms.Membership{VideoManager: vms.VideoManager{ID: int64(i + 1), Name: "n", UUID: s.id("uuid"), Configuration: json.RawMessage("{}")}}
		for _, u := range in.Users[:i] {
			m.Members = append(m.Members, u.ID)
		}
		members = append(members, m)
	}
	ev := w.event("ADMIN_CREATE")
	ev.RealmID = id
	ok(t, w.AddRealm(w.ctx, in, members, ev))
	events, err := w.Events(w.ctx, id, 0, 9)
	ok(t, err)
	if len(events) != 1 || events[0].ID != ev.ID {
		t.Errorf("events %+v", events)
	}
	wants(t, w.AddRealm(w.ctx, in, members, w.event("NEVER")), iam.ErrConflict)
	for after, want := range map[int64][]int{0: {0, 1}, 1: {1, 2}, 2: {2}, 3: nil} {
		page, err := w.Managers(w.ctx, id, after, 2)
		ok(t, err)
		var got []int
		for i, m := range page {
			if got = append(got, m.Members); m.VideoManager.ID != after+int64(i)+1 || m.VideoManager.RealmID != id {
				t.Errorf("after %d: %+v", after, m)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("members after %d (-want +got):\n%s", after, diff)
		}
	}
	if last, err := w.LastManager(w.ctx); err != nil || last < 3 {
		t.Errorf("last %d, %v", last, err)
	}
}

func testAddUser(t *testing.T, s *suite) {
	w := s.world(t)
	u := s.person("added")
	u.RealmID = w.realm
	ev := w.event("ADMIN_CREATE")
	ok(t, w.AddUser(w.ctx, u, nil, ev))
	got, err := w.UserByName(w.ctx, w.realm, "added")
	ok(t, err)
	u.Epoch = 1
	if diff := cmp.Diff(u, got); diff != "" || !w.recorded(t)[ev.ID] {
		t.Errorf("events %v, user (-want +got):\n%s", w.recorded(t), diff)
	}
	again := s.person("added")
	again.RealmID = w.realm
	wants(t, w.AddUser(w.ctx, again, nil, w.event("NEVER")), iam.ErrConflict)
	nowhere := s.person("other")
	nowhere.RealmID = "absent"
	wants(t, w.AddUser(w.ctx, nowhere, nil, w.event("NEVER")), iam.ErrNotFound)
	member := s.person("member")
	member.RealmID = w.realm
	wants(t, w.AddUser(w.ctx, member, []int64{987_654}, w.event("NEVER")), iam.ErrNotFound)
	if _, err := w.UserByName(w.ctx, w.realm, "member"); err == nil {
		t.Error("a user was added without the membership asked for")
	}
	if n := len(w.recorded(t)); n != 1 {
		t.Errorf("%d events", n)
	}
}

func testSetPassword(t *testing.T, s *suite) {
	w := s.world(t)
	mine := []iam.Login{w.opened(t), w.opened(t)}
	late := w.login()
	late.UserEpoch = w.user.Epoch
	prev, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	next := prev
	next.Password = &iam.Credential{ID: "n", Type: "password", CreatedAt: start + 1, SecretData: "new", CredentialData: "{}"}
	next.RequiredActions = []string{"UPDATE_PASSWORD"}
	ev := w.event("ADMIN_ACTION")
	entries, err := w.SetPassword(w.ctx, prev, next, start+9, ev)
	ok(t, err)
	if len(entries) != len(mine) || entries[0].Kind != iam.RevokeSession || entries[0].Until != start+9 {
		t.Errorf("entries %+v", entries)
	}
	for _, l := range mine {
		if v := w.view(t, l); v.Session != nil {
			t.Errorf("session %s lived through it", l.Session.ID)
		}
	}
	got, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	next.Epoch = prev.Epoch + 1
	if diff := cmp.Diff(next, got); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	wants(t, w.OpenLogin(w.ctx, late), iam.ErrStale) // judged by the old password
	_, err = w.SetPassword(w.ctx, prev, next, start+9, w.event("NEVER"))
	wants(t, err, iam.ErrStale) // the document moved
	absent := prev
	absent.ID = "absent"
	_, err = w.SetPassword(w.ctx, absent, absent, start+9, w.event("NEVER"))
	wants(t, err, iam.ErrNotFound)
	if seen := w.recorded(t); !seen[ev.ID] || len(seen) != 1+len(mine) {
		t.Errorf("events %v", seen)
	}
}

func testAddServiceClient(t *testing.T, s *suite) {
	w := s.world(t)
	before, err := w.ConfigVersion(w.ctx)
	ok(t, err)
	c := iam.Client{ID: s.id("client"), RealmID: w.realm, ClientID: "robots", Protocol: "openid-connect", Enabled: true, ServiceAccounts: true}
	account := s.person("service-account-robots")
	account.RealmID, account.ServiceAccountOf, account.Password = w.realm, "robots", nil
	ev := w.event("ADMIN_CREATE")
	ok(t, w.AddServiceClient(w.ctx, c, account, ev))
	after, err := w.ConfigVersion(w.ctx)
	ok(t, err)
	if u, err := w.UserByName(w.ctx, w.realm, account.Username); err != nil || u.ServiceAccountOf != "robots" || after <= before || !w.recorded(t)[ev.ID] {
		t.Errorf("account %+v, %v; version %d after %d", u, err, after, before)
	}
	rows, err := w.LoadConfig(w.ctx)
	ok(t, err)
	if !hasClient(rows, c) {
		t.Error("the client is missing")
	}
	second := c
	second.ID, second.ClientID = s.id("client"), "androids"
	wants(t, w.AddServiceClient(w.ctx, second, account, w.event("NEVER")), iam.ErrConflict) // the account's name is taken
	if rows, err = w.LoadConfig(w.ctx); err != nil || hasClient(rows, second) {
		t.Errorf("a client without its account, %v", err)
	}
}

func hasClient(rows iam.ConfigRows, want iam.Client) bool {
	for _, c := range rows.Clients {
		if cmp.Equal(c, want) {
			return true
		}
	}
	return false
}
