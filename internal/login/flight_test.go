package login

import (
	"fmt"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Looking into the cache is judging a guess. Whoever may not be judged now must
// not look: the row was read before a guess ended, a wait, or too many open.
func TestOnlyWhoMayBeJudgedLooksIntoTheCache(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	many := func(n int) (list []iam.Reservation) {
		for i := range n {
			list = append(list, iam.Reservation{ID: fmt.Sprint("elsewhere ", i), At: now})
		}
		return list
	}
	for _, tc := range []struct {
		name  string
		row   iam.Failures
		open  int  // guesses in flight here
		ended bool // one ended since the row was read
		known recall
		want  step
		looks int
	}{
		{name: "first guess", want: ride, looks: 1},
		{name: "verified", known: right, want: beVerified, looks: 1},
		{name: "known to be wrong", known: mismatch, want: ride, looks: 1},
		{name: "a guess ended since", ended: true, known: right, want: readAgain},
		{name: "in a wait", row: iam.Failures{Count: 10, WaitUntil: now + 1}, known: right, want: beWaiting},
		{name: "locked", row: iam.Failures{Locked: true}, known: right, want: beWaiting},
		{name: "nine open", open: 9, known: right, want: beVerified, looks: 1},
		{name: "ten open", open: 10, known: right, want: beFull},
		{name: "six open, four failed", open: 6, row: iam.Failures{Count: 4}, known: right, want: beFull},
		{name: "six open here, four elsewhere", open: 6, row: iam.Failures{Reservations: many(4)}, known: right, want: beFull},
		{name: "six open here, three elsewhere", open: 6, row: iam.Failures{Reservations: many(3)}, known: right, want: beVerified, looks: 1},
		{name: "six open here and in the row", open: 6, known: right, want: beVerified, looks: 1,
			row: iam.Failures{Count: 3, Reservations: []iam.Reservation{{ID: "here 0", At: now}, {ID: "here 1", At: now}}}},
		{name: "dead elsewhere", row: iam.Failures{Reservations: []iam.Reservation{
			{ID: "dead", At: now - iam.ReservationLife - 1}}, Count: 9}, known: right, want: beWaiting},
	} {
		fs := newFlights()
		g := fs.join("anna")
		for i := range tc.open {
			g.open[tag{byte(i + 1)}] = &flight{id: fmt.Sprint("here ", i)}
		}
		mark := fs.mark(g)
		if tc.ended {
			g.ended++
		}
		looks, certain := 0, false
		got, _, _ := fs.board(g, &try{realm: &iam.Realm{}, key: "anna"}, tc.row, now, mark,
			func() recall { looks++; return tc.known },
			func(c bool) *flight { certain = c; return &flight{} })
		if got != tc.want || looks != tc.looks {
			t.Errorf("%s: step %d with %d looks, want %d with %d", tc.name, got, looks, tc.want, tc.looks)
		}
		if certain != (tc.known == mismatch) {
			t.Errorf("%s: certain is %v", tc.name, certain)
		}
	}
}

func TestEqualGuessJoinsWithoutLooking(t *testing.T) {
	t.Parallel()
	fs := newFlights()
	g := fs.join("anna")
	fl := &flight{id: "here"}
	g.open[tag{7}] = fl
	for i := range 9 {
		g.open[tag{byte(i + 100)}] = &flight{}
	}
	got, on, _ := fs.board(g, &try{realm: &iam.Realm{}, guess: tag{7}}, iam.Failures{}, 1, 0,
		func() recall { t.Error("looked"); return nothing },
		func(bool) *flight { t.Error("began"); return nil })
	if got != ride || on != fl || fl.riders != 1 {
		t.Errorf("step %d, %d riders", got, fl.riders)
	}
}

func TestGroupsAreForgotten(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		together(50, func(i int) error {
			_, _, err := b.try(t, fmt.Sprint("nobody", i), "x")
			return err
		})
		b.Wait()
		if n := len(b.flights.groups); n != 0 {
			t.Errorf("%d groups stay", n)
		}
	})
}
