package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

func testFailures(t *testing.T, s *suite) {
	w := s.world(t)
	got, at, err := w.Failures(w.ctx, w.realm, "key")
	ok(t, err)
	if diff := cmp.Diff(iam.Failures{}, got); diff != "" || at != start {
		t.Errorf("at %d, no row (-want +got):\n%s", at, diff)
	}
	full := iam.Failures{Count: 9, LastAt: start, WaitUntil: start + 60_000, Lockouts: 2, Locked: true, LastTag: []byte{0, 1, 255},
		Reservations: []iam.Reservation{{ID: "a", At: start}, {ID: "b", At: start + 1}}, Rev: 77}
	ev := w.event("LOGIN_ERROR")
	wants(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{Rev: 1}, full, w.event("NEVER")), iam.ErrStale)
	ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{}, full, ev))
	wants(t, w.ReplaceFailures(w.ctx, w.realm, "key", iam.Failures{}, full, w.event("NEVER")), iam.ErrStale)
	for rev := int64(1); rev < 4; rev++ {
		got, _, err := w.Failures(w.ctx, w.realm, "key")
		ok(t, err)
		full.Rev = rev
		if diff := cmp.Diff(full, got); diff != "" {
			t.Errorf("row (-want +got):\n%s", diff)
		}
		full.Count++
		full.Reservations = full.Reservations[:max(0, len(full.Reservations)-1)]
		if len(full.Reservations) == 0 {
			full.Reservations = nil
		}
		ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", got, full, nil))
	}
	other, _, err := w.Failures(w.ctx, s.world(t).realm, "key")
	ok(t, err)
	if other.Rev != 0 || !w.recorded(t)[ev.ID] || len(w.recorded(t)) != 1 {
		t.Errorf("another realm's row: %+v; events %v", other, w.recorded(t))
	}

	// A login that clears the row makes what was read before it stale.
	read, _, err := w.Failures(w.ctx, w.realm, "key")
	ok(t, err)
	l := w.login()
	l.ClearFailures = "key"
	ok(t, w.OpenLogin(w.ctx, l))
	wants(t, w.ReplaceFailures(w.ctx, w.realm, "key", read, full, nil), iam.ErrStale)
	cleared, _, err := w.Failures(w.ctx, w.realm, "key")
	ok(t, err)
	if diff := cmp.Diff(iam.Failures{Rev: cleared.Rev}, cleared); diff != "" || cleared.Rev <= read.Rev {
		t.Errorf("cleared row, revision %d after %d (-want +got):\n%s", cleared.Rev, read.Rev, diff)
	}
	ok(t, w.ReplaceFailures(w.ctx, w.realm, "key", cleared, iam.Failures{Count: 1}, nil))
}

func testFailureKeys(t *testing.T, s *suite) {
	w := s.world(t)
	keys := []string{"", "a", "A", "a ", "é", "e\u0301", "\x00", "a\x00", "\xff\xfe", "%", "日本"}
	for i, key := range keys {
		ok(t, w.ReplaceFailures(w.ctx, w.realm, key, iam.Failures{}, iam.Failures{Count: i + 1}, nil))
	}
	for i, key := range keys {
		got, _, err := w.Failures(w.ctx, w.realm, key)
		if err != nil || got.Count != i+1 {
			t.Errorf("key %q: %+v, %v", key, got, err)
		}
	}
}

func testFailureRace(t *testing.T, s *suite) {
	w := s.world(t)
	var prev iam.Failures
	for rev := int64(1); rev < 4; rev++ { // the first race is for making the row
		won := winner(t, race(racers, func(i int) error {
			return w.ReplaceFailures(w.ctx, w.realm, "key", prev, iam.Failures{Count: i}, nil)
		}), iam.ErrStale)
		var err error
		prev, _, err = w.Failures(w.ctx, w.realm, "key")
		ok(t, err)
		if prev.Count != won || prev.Rev != rev {
			t.Errorf("caller %d won, stored is %+v", won, prev)
		}
	}
}

func testRevokeToken(t *testing.T, s *suite) {
	w := s.world(t)
	jti, ev := s.id("jti"), w.event("REVOKE_GRANT")
	results := make([][]iam.Revocation, racers)
	for _, err := range race(racers, func(i int) (err error) {
		results[i], err = w.RevokeToken(w.ctx, w.realm, jti, start+9, ev)
		return err
	}) {
		ok(t, err)
	}
	want := []iam.Revocation{{Seq: results[0][0].Seq, RealmID: w.realm, Kind: iam.RevokeToken, ID: jti, Until: start + 9}}
	for _, got := range results {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	}
	events, err := w.Events(w.ctx, w.realm, 0, 100)
	ok(t, err)
	if len(events) != 1 {
		t.Errorf("%d events of one revocation", len(events))
	}
	longer, err := w.RevokeToken(w.ctx, w.realm, jti, start+99, nil)
	ok(t, err)
	if longer[0].Seq <= want[0].Seq || longer[0].Until != start+99 {
		t.Errorf("a longer refusal: %+v", longer)
	}
	for _, c := range []struct {
		realm, jti string
		want       bool
	}{{w.realm, jti, true}, {w.realm, "absent", false}, {s.world(t).realm, jti, false}} {
		got, err := w.TokenRevoked(w.ctx, c.realm, c.jti)
		if err != nil || got != c.want {
			t.Errorf("TokenRevoked %v: %v, %v", c, got, err)
		}
	}
}

func testRevocations(t *testing.T, s *suite) {
	w := s.world(t)
	first, err := w.RevokeToken(w.ctx, w.realm, s.id("jti"), start+9, nil)
	ok(t, err)
	_, err = w.RevokeToken(w.ctx, w.realm, s.id("past"), start-1, nil) // cannot touch anything any more
	ok(t, err)
	last, err := w.RevokeToken(w.ctx, w.realm, s.id("jti"), start, nil)
	ok(t, err)
	for after, want := range map[int64][]iam.Revocation{
		first[0].Seq - 1: {first[0], last[0]},
		first[0].Seq:     {last[0]},
		last[0].Seq:      nil,
	} {
		all, err := w.Revocations(w.ctx, after)
		ok(t, err)
		var got []iam.Revocation
		for i, r := range all {
			if i > 0 && r.Seq <= all[i-1].Seq {
				t.Errorf("out of order: %+v after %+v", r, all[i-1])
			}
			if r.RealmID == w.realm {
				got = append(got, r)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %d (-want +got):\n%s", after, diff)
		}
	}
}

func testEvents(t *testing.T, s *suite) {
	w := s.world(t)
	var want []iam.Event
	for i := range 5 {
		ev := iam.Event{ID: s.id("event"), At: start - int64(i), RealmID: w.realm, Type: "LOGIN_ERROR", ClientID: "app", UserID: "u",
			SessionID: "s", Address: "192.0.2.1", Error: "invalid_user_credentials", Details: map[string]string{"username": fmt.Sprintf("ü%d\x00", i)}}
		if i == 4 {
			ev = iam.Event{ID: ev.ID, RealmID: w.realm}
		}
		ok(t, w.RecordEvent(w.ctx, ev))
		want = append(want, ev)
	}
	var got []iam.Event
	for after := int64(0); ; after = got[len(got)-1].Row {
		page, err := w.Events(w.ctx, w.realm, after, 2)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Row <= after {
				t.Fatalf("row %d after %d", e.Row, after)
			}
		}
		got = append(got, page...)
	}
	for i := range got {
		want[i].Row = got[i].Row
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
