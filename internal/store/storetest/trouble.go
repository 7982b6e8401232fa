package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Trouble runs calls, each of which writes once, so that the store takes them
// together where it can, and lets something fail in their middle: a statement
// that is interrupted, a disk that is full. It returns their answers when the
// trouble is over.
type Trouble func(t testing.TB, s Store, calls []func() error) []error

// testTrouble: whoever was in the middle of trouble is told of it, or of
// success that lasts, never of a fact that is none; nothing is half done; and
// the store goes on.
func testTrouble(t *testing.T, s *suite, trouble Trouble) {
	alone, dir := s.own(t)
	w := alone.world(t)
	before := w.opened(t)
	logins := make([]iam.Login, 6)
	var calls []func() error
	for i := range logins {
		logins[i] = w.login()
		calls = append(calls, func() error { return w.OpenLogin(w.ctx, logins[i]) })
	}
	troubled := 0
	errs := trouble(t, alone.shared, calls)
	stored := map[string]bool{before.Event.ID: true}
	for i, err := range errs {
		if err == nil {
			stored[logins[i].Event.ID] = true
			continue
		}
		troubled++
		if !errors.Is(err, iam.ErrUnavailable) || errors.Is(err, iam.ErrStale) || errors.Is(err, iam.ErrConflict) || errors.Is(err, iam.ErrNotFound) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
	if len(errs) != len(calls) || troubled == 0 {
		t.Fatalf("%d of %d calls met trouble, %d answers", troubled, len(calls), len(errs))
	}
	after := w.opened(t)
	stored[after.Event.ID] = true
	check := func() {
		t.Helper()
		recorded := w.recorded(t)
		for _, l := range append([]iam.Login{before, after}, logins...) {
			v, err := w.Family(w.ctx, w.realm, l.Family.ID)
			whole := err == nil && v.Session != nil
			if recorded[l.Event.ID] != whole || !whole && !errors.Is(err, iam.ErrNotFound) {
				t.Errorf("half a login is stored: event %v, family %v", recorded[l.Event.ID], err)
			}
		}
		// This trouble ends before the commit, so nothing of it may be there.
		if diff := cmp.Diff(stored, recorded); diff != "" {
			t.Errorf("acknowledged and stored (-want +got):\n%s", diff)
		}
	}
	check()
	ok(t, w.Close())
	w.Store = alone.open(t, dir, alone.clock.Now)
	t.Cleanup(func() { w.Store.Close() })
	check()
}
