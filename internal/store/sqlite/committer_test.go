package sqlite

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

func TestLosersDoNotSinkTheBatch(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	errs := together(t, db,
		write("a"),
		func(tx sqlstore.Tx) error { return errors.Join(record(tx, "stale"), iam.ErrStale) },
		write("b"),
		func(tx sqlstore.Tx) error { // taken
			if err := record(tx, "conflict"); err != nil {
				return err
			}
			_, err := tx.Exec(`insert into heartbeat (id, at) values (1, 1)`)
			return err
		},
		func(tx sqlstore.Tx) error { // absent
			if err := record(tx, "absent"); err != nil {
				return err
			}
			_, err := tx.Exec(`insert into client (id, realm_id, client_id, doc, sum) values ('c', 'absent', 'c', '{}', 0)`)
			return err
		},
		func(tx sqlstore.Tx) error { // refused by the schema
			if err := record(tx, "refused"); err != nil {
				return err
			}
			_, err := tx.Exec(`update heartbeat set at = null`)
			return err
		},
		write("c"),
	)
	for i, want := range []error{nil, iam.ErrStale, nil, iam.ErrConflict, iam.ErrNotFound} {
		if !errors.Is(errs[i], want) {
			t.Errorf("request %d: got %v, want %v", i, errs[i], want)
		}
	}
	if errs[5] == nil || errors.Is(errs[5], iam.ErrUnavailable) || errs[6] != nil {
		t.Errorf("got %v and %v", errs[5], errs[6])
	}
	got := present(t, db)
	if len(got) != 3 || !got["a"] || !got["b"] || !got["c"] {
		t.Errorf("left: %v", got)
	}
}

func TestTroubleEndsTheBatchOnly(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(sqlstore.Tx) error{
		"error":     func(sqlstore.Tx) error { return errors.New("cannot read a document") },
		"panic":     func(sqlstore.Tx) error { panic("a mistake") },
		"syntax":    func(tx sqlstore.Tx) error { _, err := tx.Exec("selekt"); return err },
		"interrupt": interrupted,
		"full":      fillDisk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, Options{Dir: t.TempDir()})
			if err := db.engine.Write(t.Context(), write("before")); err != nil {
				t.Fatal(err)
			}
			b := hold(t, db)
			b.add(t.Context(), write("a"))
			b.add(t.Context(), func(tx sqlstore.Tx) error { return iam.ErrStale })
			b.add(t.Context(), func(tx sqlstore.Tx) error {
				if err := record(tx, "t"); err != nil {
					return err
				}
				return trouble(tx)
			})
			b.add(t.Context(), write("next")) // waits for the batch after it
			errs := b.release()
			troubled(t, errs[:4])
			if errs[4] != nil {
				t.Errorf("the next batch: %v", errs[4])
			}
			got := present(t, db)
			if len(got) != 2 || !got["before"] || !got["next"] {
				t.Errorf("left: %v", got)
			}
			select {
			case err := <-db.Fatal():
				t.Errorf("taken for a failed sync: %v", err)
			default:
			}
		})
	}
}

func TestWhoGivesUpWaiting(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	b := hold(t, db)
	b.add(ctx, write("given up"))
	b.add(t.Context(), write("waited"))
	cancel()
	for ctx.Err() == nil || b.waiting(1) {
	}
	errs := b.release()
	if !errors.Is(errs[1], iam.ErrUnavailable) || !errors.Is(errs[1], context.Canceled) || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
	// It had not begun when its caller left, so it never was.
	if got := present(t, db); got["given up"] || !got["waited"] {
		t.Errorf("left: %v", got)
	}
}

// waiting says whether request i has no answer yet.
func (b *batch) waiting(i int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.errs[i] == nil
}

func TestDeadlineInMidWriteAbandonsTheWaitOnly(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	leave := make(chan struct{})
	err := db.engine.Write(ctx, func(tx sqlstore.Tx) error {
		cancel()
		<-leave // the caller is gone before the statement runs
		return record(tx, "late")
	})
	close(leave)
	if !errors.Is(err, iam.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := db.engine.Write(t.Context(), write("next")); err != nil {
		t.Fatal(err)
	}
	if got := present(t, db); !got["late"] || !got["next"] {
		t.Errorf("left: %v", got)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir(), Queue: 3})
	b := hold(t, db)
	for _, id := range numbered("w", 3) {
		b.add(t.Context(), write(id))
	}
	if err := db.engine.Write(t.Context(), write("too many")); !errors.Is(err, iam.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	for i, err := range b.release() {
		if err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if got := present(t, db); len(got) != 3 {
		t.Errorf("left: %v", got)
	}
}

func TestCloseFinishesWhatWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	b := hold(t, db)
	for _, id := range numbered("w", 200) {
		b.add(t.Context(), write(id))
	}
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	for i, err := range b.release() {
		if err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(db.engine.file.path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("closing left a WAL: %v", err)
	}
	if got := present(t, open(t, Options{Dir: dir})); len(got) != 200 {
		t.Errorf("%d events left, want 200", len(got))
	}
}

func TestWALStartsOver(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	round := func() int64 {
		for _, id := range numbered("w", 40) {
			id += strings.Repeat("x", 20_000)
			if err := db.engine.Write(t.Context(), func(tx sqlstore.Tx) error {
				if err := record(tx, id); err != nil {
					return err
				}
				_, err := tx.Exec("delete from event")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		db.engine.points.behind.Store(true)
		if err := db.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(db.engine.file.path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	first := round()
	for range 5 {
		if size := round(); size > 2*first {
			t.Errorf("the WAL grew from %d to %d bytes", first, size)
		}
	}
}
