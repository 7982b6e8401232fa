package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestFailedSync: nothing is acknowledged after it, nothing is written after
// it, and the next process finds everything that was acknowledged.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		rc   int32
	}{{"wal", sqlite3.SQLITE_IOERR_FSYNC}, {"wal", sqlite3.SQLITE_IOERR_DIR_FSYNC}, {"db", sqlite3.SQLITE_IOERR_FSYNC}} {
		t.Run(fmt.Sprintf("%s %d", c.kind, c.rc), func(t *testing.T) {
			t.Parallel()
			d := newDisk(t)
			db := open(t, Options{Dir: t.TempDir(), vfs: d.name})
			if err := db.engine.Write(t.Context(), write("before")); err != nil {
				t.Fatal(err)
			}
			fail := nth(1, c.kind, c.rc) // the next one would succeed: the trap
			var writes, syncs int64
			d.set(&d.onSync, func(kind string) int32 {
				rc := fail(kind)
				if rc != sqlite3.SQLITE_OK {
					writes, syncs = d.writes.Load(), d.syncs.Load()
				}
				return rc
			})
			if c.kind == "db" {
				db.engine.points.checkpoint(nil)
			} else {
				troubled(t, together(t, db, write("a"), write("b")))
			}
			if err := <-db.Fatal(); err == nil {
				t.Error("no cause was told")
			}
			troubled(t, []error{
				db.engine.Write(t.Context(), write("after")),
				db.Probe(t.Context()),
			})
			if _, err := db.Revocations(t.Context(), 0); err != nil {
				t.Errorf("reading: %v", err)
			}
			next := afterCrash(t, db)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if d.writes.Load() != writes || d.syncs.Load() != syncs {
				t.Errorf("%d writes and %d syncs after the failed one", d.writes.Load()-writes, d.syncs.Load()-syncs)
			}
			if got := present(t, next); !got["before"] || got["after"] {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// TestEverySyncMayFail fails the n-th sync of a busy store.
func TestEverySyncMayFail(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d := newDisk(t)
			db := open(t, Options{Dir: t.TempDir(), vfs: d.name})
			d.set(&d.onSync, nth(n, "", sqlite3.SQLITE_IOERR_FSYNC))
			var mu sync.Mutex
			acknowledged := map[string]bool{}
			var callers sync.WaitGroup
			for _, caller := range numbered("c", 8) {
				callers.Go(func() {
					for i := 0; ; i++ {
						id := fmt.Sprintf("%s-%d", caller, i)
						err := db.engine.Write(t.Context(), write(id))
						if err != nil {
							if !errors.Is(err, iam.ErrUnavailable) {
								t.Error(err)
							}
							return // the fault, which nothing survives
						}
						mu.Lock()
						acknowledged[id] = true
						mu.Unlock()
					}
				})
			}
			callers.Wait()
			<-db.Fatal()
			left := present(t, afterCrash(t, db))
			for id := range acknowledged {
				if !left[id] {
					t.Errorf("%s was acknowledged and is gone", id)
				}
			}
		})
	}
}

// TestFullDisk fills the disk in the middle of batches: their callers are told
// of trouble, nothing of theirs stays, reads go on, and so do writes once
// there is space.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 6; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d := newDisk(t)
			dir := t.TempDir()
			db := open(t, Options{Dir: dir, vfs: d.name})
			if err := db.engine.Write(t.Context(), write("before")); err != nil {
				t.Fatal(err)
			}
			fill := nth(n, "", sqlite3.SQLITE_FULL)
			full := false
			d.set(&d.onWrite, func(kind string) int32 {
				full = full || fill(kind) != sqlite3.SQLITE_OK
				if full {
					return sqlite3.SQLITE_FULL
				}
				return sqlite3.SQLITE_OK
			})
			ids := numbered("w", 20)
			want := map[string]bool{"before": true, "space": true}
			for range 3 {
				b := hold(t, db)
				for _, id := range ids {
					b.add(t.Context(), write(id+fmt.Sprint(len(want))))
				}
				errs := b.release()
				for i, err := range errs[1:] {
					if err == nil {
						want[ids[i]+fmt.Sprint(len(want))] = true
					} else if !errors.Is(err, iam.ErrUnavailable) {
						t.Errorf("request %d: %v", i, err)
					}
				}
				if got := present(t, db); !got["before"] {
					t.Errorf("reading on a full disk: %v", got)
				}
			}
			if err := db.Probe(t.Context()); !errors.Is(err, iam.ErrUnavailable) {
				t.Errorf("probing a full disk: %v", err)
			}
			d.set(&d.onWrite, nil)
			if err := db.engine.Write(t.Context(), write("space")); err != nil {
				t.Errorf("with space again: %v", err)
			}
			select {
			case err := <-db.Fatal():
				t.Errorf("a full disk was taken for a failed sync: %v", err)
			default:
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			got := present(t, open(t, Options{Dir: dir}))
			if len(got) != len(want) {
				t.Errorf("%d events left, want %d", len(got), len(want))
			}
		})
	}
}

// TestProbeTellsOfAFullDisk although its own write fits: the store is told
// unfit for a moment after a batch the disk did not take.
func TestProbeTellsOfAFullDisk(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	db := open(t, Options{Dir: t.TempDir(), Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	if err := db.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	troubled(t, []error{db.engine.Write(t.Context(), fillDisk), db.Probe(t.Context())})
	mu.Lock()
	now = now.Add(woundHurts)
	mu.Unlock()
	if err := db.Probe(t.Context()); err != nil {
		t.Errorf("later: %v", err)
	}
	if err := db.engine.Write(t.Context(), func(sqlstore.Tx) error { return errors.New("a mistake") }); err == nil {
		t.Error("no trouble")
	}
	if err := db.Probe(t.Context()); err != nil {
		t.Errorf("after trouble that is not the disk's: %v", err)
	}
}

// TestFailedRestart: a checkpoint that fails between batches is told as such,
// and the writes go on.
func TestFailedRestart(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := newDisk(t)
	db, err := Open(t.Context(), Options{Dir: t.TempDir(), Now: time.Now, vfs: d.name, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b := hold(t, db)
	b.add(t.Context(), write("a"))
	d.set(&d.onWrite, func(kind string) int32 {
		if kind == "db" {
			return sqlite3.SQLITE_FULL
		}
		return sqlite3.SQLITE_OK
	})
	db.engine.points.behind.Store(true)
	b.release()
	if err := db.engine.Write(t.Context(), write("b")); err != nil {
		t.Error(err)
	}
	d.set(&d.onWrite, nil)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if got := log.String(); strings.Contains(got, "batch") || !strings.Contains(got, "checkpoint failed") {
		t.Errorf("logged %s", got)
	}
}

// TestFailedRead: trouble is no fact, and passes.
func TestFailedRead(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir(), Readers: 1})
	c := <-db.engine.reads.slots
	if c != nil {
		t.Fatal("a reader was opened before it was needed")
	}
	broken, err := db.engine.file.open(t.Context(), reading)
	if err != nil {
		t.Fatal(err)
	}
	broken.close()
	db.engine.reads.slots <- broken
	if _, err := db.UserByName(t.Context(), "r", "n"); !errors.Is(err, iam.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := db.UserByName(t.Context(), "r", "n"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
