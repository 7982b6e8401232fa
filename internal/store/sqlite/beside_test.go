package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// TestABackupIsOneMomentOfARunningStore copies while others write. Whatever was
// acknowledged before the copy began is in it, and it opens.
func TestABackupIsOneMomentOfARunningStore(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	before := iam.Event{ID: "before", RealmID: "r", Type: "LOGIN", At: 1}
	if err := db.RecordEvent(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := int64(2); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := db.RecordEvent(context.Background(), iam.Event{ID: "during", RealmID: "r", Type: "LOGIN", At: i}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	err := Backup(t.Context(), folder(db), filepath.Join(copied, File))
	close(stop)
	group.Wait()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(copied, File))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again := open(t, Options{Dir: copied})
	events, err := again.Events(t.Context(), "r", 0, 10)
	if err != nil || len(events) == 0 || events[0].ID != "before" {
		t.Fatalf("%v, %v", events, err)
	}
	if err := Backup(t.Context(), folder(db), filepath.Join(copied, File)); !errors.Is(err, os.ErrExist) {
		t.Errorf("a copy over a file that is there: %v", err)
	}
}

// TestAFolderMayBeNamedFromWhereOneIs: a relative path is no host's name.
func TestAFolderMayBeNamedFromWhereOneIs(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, folder(db))
	if err != nil {
		t.Fatal(err)
	}
	seen, err := Inspect(t.Context(), relative, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := seen.Close(); err != nil {
		t.Error(err)
	}
	if err := Backup(t.Context(), relative, filepath.Join(t.TempDir(), File)); err != nil {
		t.Error(err)
	}
}

// folder is the data folder of a store.
func folder(db *DB) string { return filepath.Dir(db.engine.file.path) }

// TestAnInspectionOnlyReads opens a store beside the one that has the folder.
func TestAnInspectionOnlyReads(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	for _, where := range []string{"beside a server", "without one"} {
		if err := db.RecordEvent(t.Context(), iam.Event{ID: where, RealmID: "r", Type: "LOGIN", At: 1}); err != nil && where == "beside a server" {
			t.Fatal(err)
		}
		seen, err := Inspect(t.Context(), folder(db), nil, time.Now)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		events, err := seen.Events(t.Context(), "r", 0, 10)
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %v, %v", where, events, err)
		}
		if err := seen.RecordEvent(t.Context(), iam.Event{ID: "x", RealmID: "r", Type: "LOGIN", At: 1}); !errors.Is(err, iam.ErrUnavailable) {
			t.Errorf("%s: a write: %v", where, err)
		}
		if err := seen.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Inspect(t.Context(), t.TempDir(), nil, time.Now); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}
