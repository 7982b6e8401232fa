package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Seals are the facts by which events are sealed and verified.
type Seals interface {
	Chain(ctx context.Context) (iam.Chain, error)
	EventBounds(ctx context.Context) (iam.EventBounds, error)
	CountEvents(ctx context.Context, afterRow int64) (int64, error)
	EventRows(ctx context.Context, afterRow int64, limit int) ([]iam.EventRow, error)
	SealsAfter(ctx context.Context, row int64, limit int) ([]iam.Seal, error)
	Checkpoints(ctx context.Context, after int64, limit int) ([]iam.Checkpoint, error)
	AppendSeals(ctx context.Context, prev, next iam.Chain, seals []iam.Seal) error
	PutCheckpoint(ctx context.Context, prev, next iam.Chain, p iam.Checkpoint) error
	DropSealed(ctx context.Context, prev, next iam.Chain) (int64, error)
}

func testEventRows(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	bounds, err := w.EventBounds(w.ctx)
	ok(t, err)
	if bounds.First <= bounds.Last {
		t.Errorf("bounds of nothing: %+v", bounds)
	}
	// Each differs from the first in one column, or in where a column ends.
	base := iam.Event{ID: "id", At: start, RealmID: w.realm, Type: "LOGIN", ClientID: "app", UserID: "u", SessionID: "s", Address: "a", Details: map[string]string{"k": "v"}}
	changes := []func(*iam.Event){func(*iam.Event) {}, func(e *iam.Event) { e.ID = "i" }, func(e *iam.Event) { e.At++ }, func(e *iam.Event) { e.RealmID = "r" },
		func(e *iam.Event) { e.Type = "LOGOUT" }, func(e *iam.Event) { e.ClientID = "b" }, func(e *iam.Event) { e.UserID = "" }, func(e *iam.Event) { e.SessionID = "t" },
		func(e *iam.Event) { e.Address = "" }, func(e *iam.Event) { e.Error = "e" }, func(e *iam.Event) { e.Details = nil },
		func(e *iam.Event) { e.ClientID, e.UserID = "appu", "" }, func(e *iam.Event) { e.ClientID, e.UserID = "ap", "pu" }}
	for _, change := range changes {
		e := base
		change(&e)
		ok(t, w.RecordEvent(w.ctx, e))
	}
	seen := map[string]bool{}
	for after := int64(0); ; {
		page, err := w.EventRows(w.ctx, after, 5)
		ok(t, err)
		for _, r := range page {
			if r.Row != after+1 || r.At < start || r.At > start+1 {
				t.Errorf("row %d at %d after row %d", r.Row, r.At, after)
			}
			after = r.Row
			seen[string(r.Bytes[9:])] = true // without the number of the row
		}
		if len(page) < 5 {
			break
		}
	}
	if len(seen) != len(changes) {
		t.Errorf("%d of %d events differ", len(seen), len(changes))
	}
	n, err := w.CountEvents(w.ctx, 3)
	ok(t, err)
	bounds, err = w.EventBounds(w.ctx)
	if err != nil || n != int64(len(changes)-3) || bounds != (iam.EventBounds{First: 1, Last: int64(len(changes))}) {
		t.Errorf("%d after row 3, bounds %+v, %v", n, bounds, err)
	}
}

func testSeals(t *testing.T, s *suite) {
	alone, dir := s.own(t)
	w := alone.world(t)
	for range 6 {
		ok(t, w.RecordEvent(w.ctx, *w.event("LOGIN")))
	}
	first, err := w.Chain(w.ctx) // a new store has one
	ok(t, err)
	if first.BaseRow != 0 || first.HeadRow != 0 || first.FirstPoint != 1 || first.LastPoint != 0 || len(first.MAC) == 0 {
		t.Fatalf("%+v", first)
	}
	seals := []iam.Seal{{From: 1, To: 2, At: start, Count: 2, MAC: []byte{1}}, {From: 3, To: 4, At: start + 1, Count: 2, MAC: []byte{2, 0}}}
	// Whatever a chain says is part of what it is compared by.
	for _, change := range []func(*iam.Chain){func(c *iam.Chain) { c.BaseRow++ }, func(c *iam.Chain) { c.HeadRow++ }, func(c *iam.Chain) { c.BaseMAC = []byte{9} },
		func(c *iam.Chain) { c.HeadMAC = []byte{9} }, func(c *iam.Chain) { c.FirstPoint++ }, func(c *iam.Chain) { c.LastPoint++ }, func(c *iam.Chain) { c.MAC = []byte{9} }} {
		stale := first
		change(&stale)
		wants(t, w.AppendSeals(w.ctx, stale, first, seals), iam.ErrStale)
		wants(t, w.PutCheckpoint(w.ctx, stale, first, iam.Checkpoint{Number: 1}), iam.ErrStale)
		_, err := w.DropSealed(w.ctx, stale, first)
		wants(t, err, iam.ErrStale)
	}
	sealed := first
	sealed.HeadRow, sealed.HeadMAC = 4, []byte{2, 0}
	won := winner(t, race(racers, func(i int) error {
		n := sealed
		n.MAC = fmt.Append(nil, i)
		return w.AppendSeals(w.ctx, first, n, seals)
	}), iam.ErrStale)
	sealed.MAC = fmt.Append(nil, won)
	pointed := sealed
	pointed.LastPoint, pointed.MAC = 2, []byte("pointed")
	points := []iam.Checkpoint{{Number: 1, Row: 2, At: start, Doc: []byte(`{"a": 1}`), Signature: []byte{0, 1}}, {Number: 2, Row: 4, At: start + 1, Doc: []byte(`{}`), Signature: []byte{2}}}
	ok(t, w.PutCheckpoint(w.ctx, sealed, pointed, points[0]))
	ok(t, w.PutCheckpoint(w.ctx, pointed, pointed, points[1]))
	wants(t, w.PutCheckpoint(w.ctx, pointed, sealed, points[1]), iam.ErrConflict)
	w.hold(t, pointed, seals, points, 6)

	dropped := pointed
	dropped.BaseRow, dropped.BaseMAC, dropped.FirstPoint, dropped.MAC = 2, []byte{1}, 2, []byte("dropped")
	n, err := w.DropSealed(w.ctx, pointed, dropped)
	if err != nil || n != 2 {
		t.Errorf("%d events dropped, %v", n, err)
	}
	w.hold(t, dropped, seals[1:], points[1:], 4)
	ok(t, w.Close())
	w.Store = alone.open(t, dir, alone.clock.Now)
	alone.shared = w.Store
	w.hold(t, dropped, seals[1:], points[1:], 4)
}

// hold checks what is stored of the sealed record.
func (w *world) hold(t *testing.T, chain iam.Chain, seals []iam.Seal, points []iam.Checkpoint, events int64) {
	t.Helper()
	c, err := w.Chain(w.ctx)
	ok(t, err)
	var gotSeals []iam.Seal
	for after := int64(0); ; {
		page, err := w.SealsAfter(w.ctx, after, 1)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		gotSeals, after = append(gotSeals, page...), page[0].To
	}
	var gotPoints []iam.Checkpoint
	for after := int64(0); ; {
		page, err := w.Checkpoints(w.ctx, after, 1)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		gotPoints, after = append(gotPoints, page...), page[0].Number
	}
	n, err := w.CountEvents(w.ctx, 0)
	ok(t, err)
	if diff := cmp.Diff([]any{chain, seals, points, events}, []any{c, gotSeals, gotPoints, n}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
