package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Finder are the facts by which an operator finds users and events.
type Finder interface {
	FindUsers(ctx context.Context, realmID string, q iam.UserQuery) ([]iam.User, error)
	CountUsers(ctx context.Context, realmID string) (int, error)
	FindEvents(context.Context, iam.EventQuery) ([]iam.Event, error)
}

func testFindUsers(t *testing.T, s *suite) {
	w := s.world(t)
	var users []iam.User
	for _, name := range []string{"zoe", "Bob", "a_b", "axb", `a\b`, "100%", "émile", "carl"} {
		users = append(users, s.person(name))
	}
	users[7].Email = "Carl.The.Great@Example.org"
	ok(t, w.AddUsers(w.ctx, w.realm, users, nil))
	s.world(t) // another anna, elsewhere
	everyone := []string{"100%", "Bob", "anna", "a\\b", "a_b", "axb", "carl", "zoe", "émile"}
	slices.SortFunc(everyone, func(a, b string) int { return compare(iam.CanonicalName(a), iam.CanonicalName(b)) })
	for search, want := range map[string][]string{
		"": everyone, "B": {"Bob", `a\b`, "a_b", "axb"}, "a_b": {"a_b"}, `\`: {`a\b`}, "%": {"100%"}, "ÉM": {"émile"},
		"great@example": {"carl"}, "nobody": nil, "'": nil, "\x00": nil, "\xff": nil,
	} {
		for limit := 1; limit <= 10; limit += 4 {
			got := w.pages(t, search, limit)
			slices.SortFunc(want, func(a, b string) int { return compare(iam.CanonicalName(a), iam.CanonicalName(b)) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q, %d a page (-want +got):\n%s", search, limit, diff)
			}
		}
	}
	found, err := w.FindUsers(w.ctx, w.realm, iam.UserQuery{Search: "anna", Limit: 9})
	ok(t, err)
	if diff := cmp.Diff([]iam.User{w.user}, found); diff != "" {
		t.Errorf("the whole user (-want +got):\n%s", diff)
	}
	n, err := w.CountUsers(w.ctx, w.realm)
	ok(t, err)
	none, err := w.CountUsers(w.ctx, "absent")
	ok(t, err)
	if n != len(everyone) || none != 0 {
		t.Errorf("%d users, and %d nowhere", n, none)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// pages reads a search to its end and gives the names as they are spelt.
func (w *world) pages(t *testing.T, search string, limit int) (names []string) {
	t.Helper()
	after := ""
	for {
		page, err := w.FindUsers(w.ctx, w.realm, iam.UserQuery{Search: search, After: after, Limit: limit})
		ok(t, err)
		if len(page) > limit {
			t.Fatalf("%d users on a page of %d", len(page), limit)
		}
		for _, u := range page {
			names = append(names, u.Username)
			after = iam.CanonicalName(u.Username)
		}
		if len(page) < limit {
			return names
		}
	}
}

// testFindEvents compares every search with what going through all events
// would find.
func testFindEvents(t *testing.T, s *suite) {
	w := s.world(t)
	other := s.world(t)
	for i := range 60 {
		ev := iam.Event{ID: s.id("event"), At: start + int64(i/2*1000), RealmID: w.realm, Type: "LOGIN", ClientID: "app", UserID: w.user.ID, SessionID: "s1"}
		switch i % 5 {
		case 1:
			ev.Type, ev.Error, ev.UserID, ev.SessionID = "LOGIN_ERROR", "user_not_found", "", ""
		case 2:
			ev.RealmID, ev.UserID, ev.Details = other.realm, other.user.ID, map[string]string{"k": "v"}
		case 3:
			ev.ClientID, ev.At = "other", ev.At-7000 // the clock was set back
		case 4:
			ev.Type, ev.Error = "LOGIN_ERROR", "invalid_user_credentials"
		}
		ok(t, w.RecordEvent(w.ctx, ev))
	}
	// Other tests share the store, so all searches name one of two realms.
	var all []iam.Event
	for _, realm := range []string{w.realm, other.realm} {
		events, err := w.Events(w.ctx, realm, 0, 1000)
		ok(t, err)
		all = append(all, events...)
	}
	slices.SortFunc(all, func(a, b iam.Event) int { return int(a.Row - b.Row) })
	failed := all[slices.IndexFunc(all, func(e iam.Event) bool { return e.Error != "" })]
	mid := all[len(all)/2].Row
	for _, q := range []iam.EventQuery{
		{RealmID: w.realm}, {RealmID: other.realm}, {RealmID: "absent"}, {UserID: w.user.ID}, {UserID: other.user.ID}, {UserID: "nobody"},
		{RealmID: w.realm, ClientID: "other"}, {RealmID: w.realm, Type: "LOGIN_ERROR"}, {RealmID: w.realm, Error: "user_not_found"},
		{ID: failed.ID}, {ID: "absent"}, {RealmID: w.realm, SessionID: "s1", ClientID: "app"},
		{RealmID: w.realm, From: start + 5000}, {RealmID: w.realm, To: start + 5000}, {RealmID: w.realm, From: start + 5000, To: start + 9000},
		{RealmID: w.realm, From: start + 3_600_000_000}, {RealmID: w.realm, To: start - 3_600_000_000},
		{UserID: w.user.ID, From: start + 5000, To: start + 9000, Type: "LOGIN"},
		{RealmID: w.realm, AfterRow: mid}, {RealmID: w.realm, BeforeRow: mid}, {UserID: w.user.ID, AfterRow: mid - 9, BeforeRow: mid + 9},
		{RealmID: w.realm, Type: "x\x00"}, {UserID: "\xff"},
	} {
		for _, newest := range []bool{false, true} {
			q.Newest = newest
			want := matching(all, q)
			for _, limit := range []int{3, 1000} {
				q.Limit = limit
				if diff := cmp.Diff(want, w.events(t, q)); diff != "" {
					t.Errorf("%+v (-want +got):\n%s", q, diff)
				}
			}
		}
	}
}

// matching are the events that a query asks for, one by one.
func matching(all []iam.Event, q iam.EventQuery) (out []iam.Event) {
	is := func(asked, value string) bool { return asked == "" || asked == value }
	for _, e := range all {
		if is(q.RealmID, e.RealmID) && is(q.UserID, e.UserID) && is(q.ClientID, e.ClientID) && is(q.Type, e.Type) &&
			is(q.Error, e.Error) && is(q.ID, e.ID) && is(q.SessionID, e.SessionID) &&
			e.At >= q.From && (q.To == 0 || e.At <= q.To) && e.Row > q.AfterRow && (q.BeforeRow == 0 || e.Row < q.BeforeRow) {
			out = append(out, e)
		}
	}
	if q.Newest {
		slices.Reverse(out)
	}
	return out
}

// events reads a search to its end.
func (w *world) events(t *testing.T, q iam.EventQuery) (out []iam.Event) {
	t.Helper()
	for {
		page, err := w.FindEvents(w.ctx, q)
		ok(t, err)
		out = append(out, page...)
		if len(page) < q.Limit {
			return out
		}
		if last := page[len(page)-1].Row; q.Newest {
			q.BeforeRow = last
		} else {
			q.AfterRow = last
		}
	}
}
