package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

func testUsers(t *testing.T, s *suite) {
	w := s.world(t)
	rich := s.person("grace")
	rich.Email, rich.EmailVerified, rich.FirstName, rich.LastName = "grace@example.org", true, "Grace", "Hopper 🚢"
	rich.NotBefore, rich.CreatedAt = 5, start
	rich.Attributes = map[string][]string{"a": {"1", "2"}}
	rich.RequiredActions, rich.RealmRoles, rich.Groups = []string{"X"}, []string{"r"}, []string{"/a/b"}
	rich.ClientRoles = map[string][]string{"app": {"x"}}
	rich.Other = []iam.Credential{{ID: "o", Type: "otp", SecretData: "sealed", CredentialData: "{}"}}
	rich.Kept = map[string]json.RawMessage{"k": json.RawMessage(`[1]`)}
	none := s.person("robot")
	none.Password, none.Enabled, none.ServiceAccountOf = nil, false, "app"
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{rich, none}, nil))
	rich.RealmID, rich.Epoch, none.RealmID, none.Epoch = w.realm, 1, w.realm, 1

	for name, find := range map[string]func() (iam.User, error){
		"by name":  func() (iam.User, error) { return w.UserByName(w.ctx, w.realm, "grace") },
		"by email": func() (iam.User, error) { return w.UserByEmail(w.ctx, w.realm, "grace@example.org") },
		"by id":    func() (iam.User, error) { return w.User(w.ctx, w.realm, rich.ID) },
	} {
		got, err := find()
		ok(t, err)
		if diff := cmp.Diff(rich, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var got []iam.User
	for after := ""; ; after = got[len(got)-1].ID {
		page, err := w.Users(w.ctx, w.realm, after, 2)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if diff := cmp.Diff([]iam.User{w.user, rich, none}, got); diff != "" {
		t.Errorf("Users (-want +got):\n%s", diff)
	}
	all, err := w.Passwords(w.ctx, w.realm, "", 2)
	ok(t, err)
	if diff := cmp.Diff([]iam.User{onlyPassword(w.user), onlyPassword(rich)}, all); diff != "" {
		t.Errorf("Passwords (-want +got):\n%s", diff)
	}
	elsewhere := s.world(t).realm
	for _, find := range []func() (iam.User, error){
		func() (iam.User, error) { return w.UserByName(w.ctx, w.realm, "absent") },
		func() (iam.User, error) { return w.UserByName(w.ctx, elsewhere, "grace") },
		func() (iam.User, error) { return w.UserByEmail(w.ctx, elsewhere, "grace@example.org") },
		func() (iam.User, error) { return w.UserByEmail(w.ctx, w.realm, "") },
		func() (iam.User, error) { return w.User(w.ctx, elsewhere, rich.ID) },
	} {
		_, err := find()
		wants(t, err, iam.ErrNotFound)
	}
}

// testUserNames stores names that some collation, folding, pattern or cleaning
// would take for each other.
func testUserNames(t *testing.T, s *suite) {
	w := s.world(t)
	names := []string{"é", "e\u0301", "ß", "ss", "ı", "i", "ﬁ", "fi", "a b", "a  b", "a\u00a0b", "%", "_", "a_", "a%",
		`'; drop table users; --`, `"`, `\`, "\n", "🚢", "𐐨", "user-01", "user-1", "0", "00", "1e2", "null", "عمر", "山田"}
	var users []iam.User
	for _, n := range names {
		u := s.person(n)
		u.Username = n // "\n" would be trimmed to nothing by a form, not by a store
		users = append(users, u)
	}
	ok(t, w.AddUsers(w.ctx, w.realm, users, nil))
	for i, n := range names {
		got, err := w.UserByName(w.ctx, w.realm, iam.CanonicalName(n))
		if err != nil || got.ID != users[i].ID || got.Username != n {
			t.Errorf("%q: got %q (%s), %v", n, got.Username, got.ID, err)
		}
	}
	for _, n := range []string{"É", "SS", "I", " é", "é ", "a\x00b", "\x00", "\xff", "é\xc3", "a*", "a?", "A_"} {
		if got, err := w.UserByName(w.ctx, w.realm, n); !errors.Is(err, iam.ErrNotFound) {
			t.Errorf("%q: got %q, %v", n, got.Username, err)
		}
	}
}

// onlyPassword is u as Passwords gives it.
func onlyPassword(u iam.User) iam.User {
	return iam.User{ID: u.ID, RealmID: u.RealmID, Password: u.Password}
}

func testAddUsers(t *testing.T, s *suite) {
	w := s.world(t)
	fresh := s.person("bob")
	for name, c := range map[string]struct {
		realm string
		users []iam.User
		of    []int64
		want  error
	}{
		"a taken name":    {w.realm, []iam.User{fresh, s.person("anna")}, nil, iam.ErrConflict},
		"another case":    {w.realm, []iam.User{fresh, s.person("ANNA")}, nil, iam.ErrConflict},
		"a taken id":      {w.realm, []iam.User{fresh, {ID: w.user.ID, Username: "carl"}}, nil, iam.ErrConflict},
		"twice the same":  {w.realm, []iam.User{fresh, fresh}, nil, iam.ErrConflict},
		"no such realm":   {"absent", []iam.User{fresh}, nil, iam.ErrNotFound},
		"no such manager": {w.realm, []iam.User{fresh}, []int64{9}, iam.ErrNotFound},
	} {
		if err := w.AddUsers(w.ctx, c.realm, c.users, c.of); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if _, err := w.UserByName(w.ctx, c.realm, "bob"); !errors.Is(err, iam.ErrNotFound) {
			t.Errorf("%s: a refused call left a user: %v", name, err)
		}
	}
	won := winner(t, race(racers, func(i int) error {
		u := s.person("bob")
		u.FirstName = fmt.Sprint(i)
		return w.AddUsers(w.ctx, w.realm, []iam.User{u}, nil)
	}), iam.ErrConflict)
	got, err := w.UserByName(w.ctx, w.realm, "bob")
	ok(t, err)
	if got.FirstName != fmt.Sprint(won) {
		t.Errorf("caller %d won, but %s is stored", won, got.FirstName)
	}
}

func testEmails(t *testing.T, s *suite) {
	w := s.world(t)
	a, b, c := s.person("a"), s.person("b"), s.person("c")
	a.Email, b.Email, c.Email = "Shared@Example.org", "shared@example.org", "C@example.org"
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{a, b, c}, nil))
	_, err := w.UserByEmail(w.ctx, w.realm, "shared@example.org")
	wants(t, err, iam.ErrNotFound) // it would be a guess
	got, err := w.UserByEmail(w.ctx, w.realm, "c@example.org")
	ok(t, err)
	if got.ID != c.ID || got.Email != c.Email {
		t.Errorf("got %+v", got)
	}
}

func testUpgradePassword(t *testing.T, s *suite) {
	w := s.world(t)
	session := w.opened(t)
	old := *w.user.Password
	better := func(i int) iam.Credential {
		return iam.Credential{ID: old.ID, Type: "password", Label: "x", CreatedAt: old.CreatedAt,
			SecretData: fmt.Sprintf(`{"value":"%d"}`, i), CredentialData: `{"hashIterations":5}`}
	}
	for _, wrong := range []iam.Credential{{}, better(1),
		{ID: "x", SecretData: old.SecretData, CredentialData: old.CredentialData},
		{ID: old.ID, SecretData: old.SecretData, CredentialData: "x"}} {
		wants(t, w.UpgradePassword(w.ctx, w.user.ID, wrong, better(1)), iam.ErrStale)
	}
	wants(t, w.UpgradePassword(w.ctx, "absent", old, better(1)), iam.ErrStale)
	won := winner(t, race(racers, func(i int) error {
		return w.UpgradePassword(w.ctx, w.user.ID, old, better(i))
	}), iam.ErrStale)
	got, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	if diff := cmp.Diff(better(won), *got.Password); diff != "" || got.Epoch != 1 {
		t.Errorf("epoch %d, password (-want +got):\n%s", got.Epoch, diff)
	}
	if w.view(t, session).Session == nil {
		t.Error("upgrading the stored form ended a session")
	}
}

func testChangePassword(t *testing.T, s *suite) {
	w := s.world(t)
	other := s.person("other")
	ok(t, w.AddUsers(w.ctx, w.realm, []iam.User{other}, nil))
	mine := []iam.Login{w.opened(t), w.opened(t), w.opened(t)}
	late := w.login()
	late.UserEpoch = w.user.Epoch
	theirs := w.login()
	theirs.Session.UserID, theirs.Family.UserID = other.ID, other.ID
	ok(t, w.OpenLogin(w.ctx, theirs))
	next := iam.Credential{ID: "n", Type: "password", CreatedAt: start + 1, SecretData: "new", CredentialData: "{}"}
	for _, absent := range [][2]string{{w.realm, "absent"}, {"absent", w.user.ID}} {
		_, err := w.ChangePassword(w.ctx, absent[0], absent[1], next, start, start+9, w.event("NEVER"))
		wants(t, err, iam.ErrNotFound)
	}
	ev := w.event("UPDATE_PASSWORD")
	entries, err := w.ChangePassword(w.ctx, w.realm, w.user.ID, next, start, start+9, ev)
	ok(t, err)
	refused := map[string]bool{}
	for i, r := range entries {
		if r.Kind != iam.RevokeSession || r.RealmID != w.realm || r.Until != start+9 || r.IssuedBefore != 0 || i > 0 && r.Seq <= entries[i-1].Seq {
			t.Errorf("entry %+v", r)
		}
		refused[r.ID] = true
	}
	for _, l := range mine {
		if v := w.view(t, l); v.Session != nil || v.ClientSession != nil || !refused[l.Session.ID] {
			t.Errorf("session %s lived through it", l.Session.ID)
		}
	}
	if v := w.view(t, theirs); v.Session == nil || len(entries) != len(mine) {
		t.Errorf("%d entries; the other user's session: %v", len(entries), v.Session)
	}
	got, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	if diff := cmp.Diff(next, *got.Password); diff != "" || got.Epoch != 2 {
		t.Errorf("epoch %d, password (-want +got):\n%s", got.Epoch, diff)
	}
	wants(t, w.OpenLogin(w.ctx, late), iam.ErrStale) // judged by the old password
	late.UserEpoch = got.Epoch
	ok(t, w.OpenLogin(w.ctx, late))
	if seen := w.recorded(t); !seen[ev.ID] {
		t.Error("the event is missing")
	}
}

func testSetUserEnabled(t *testing.T, s *suite) {
	w := s.world(t)
	l := w.opened(t)
	set := func(on bool, at int64) []iam.Revocation {
		out, err := w.SetUserEnabled(w.ctx, w.realm, w.user.ID, on, at, at+9, w.event("UPDATE_PROFILE"))
		ok(t, err)
		return out
	}
	events := len(w.recorded(t))
	if got := set(true, start); got != nil || len(w.recorded(t)) != events {
		t.Errorf("enabling an enabled user: %+v", got)
	}
	got := set(false, start+1500)
	if len(got) != 1 || got[0].Kind != iam.RevokeUser || got[0].ID != w.user.ID ||
		got[0].IssuedBefore != start/1000+2 || got[0].Until != start+1509 || got[0].Seq == 0 {
		t.Errorf("disabling: %+v", got)
	}
	if again := set(false, start+1600); again != nil {
		t.Errorf("disabling again: %+v", again)
	}
	if v := w.view(t, l); v.Session == nil || v.User == nil || v.User.Enabled {
		t.Errorf("after disabling: %+v %+v", v.Session, v.User)
	}
	wants(t, w.OpenLogin(w.ctx, w.login()), iam.ErrStale)
	if got := set(true, start+2000); len(got) != 0 {
		t.Errorf("enabling: %+v", got)
	}
	late := w.login()
	late.UserEpoch = 1
	wants(t, w.OpenLogin(w.ctx, late), iam.ErrStale) // judged before the disabling
	u, err := w.UserByName(w.ctx, w.realm, "anna")
	ok(t, err)
	late.UserEpoch = u.Epoch
	ok(t, w.OpenLogin(w.ctx, late))
	if n := len(w.recorded(t)); n != events+3 {
		t.Errorf("%d events, want %d", n, events+3)
	}
	_, err = w.SetUserEnabled(w.ctx, w.realm, "absent", true, start, start, w.event("NEVER"))
	wants(t, err, iam.ErrNotFound)
}
