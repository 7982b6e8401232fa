package recovery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAFileGetsItsNameOnce, with a second name for it or where the file system
// knows none.
func TestAFileGetsItsNameOnce(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]func(from, to string) error{"by a link": publish, "without links": take} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			from, to := filepath.Join(dir, "made"), filepath.Join(dir, "wanted")
			write(t, from, "first")
			if err := give(from, to); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(from); err != nil { // a link's other name is the same file
				t.Fatal(err)
			}
			write(t, from, "second")
			if err := give(from, to); !errors.Is(err, fs.ErrExist) {
				t.Errorf("over a file: %v", err)
			}
			if got, err := os.ReadFile(to); err != nil || string(got) != "first" {
				t.Errorf("%q, %v", got, err)
			}
			if err := give(filepath.Join(dir, "gone"), filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("nothing to give: %v", err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
				t.Error("a name was left for nothing")
			}
		})
	}
}

// TestAFolderIsVacantOrNot: what is left of a database counts as one.
func TestAFolderIsVacantOrNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := vacant(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := vacant(filepath.Join(dir, "gone")); err != nil {
		t.Errorf("no folder: %v", err)
	}
	for _, name := range []string{"usher.db", "usher.db-wal", "usher.db-shm", "usher.db-journal"} {
		path := filepath.Join(dir, name)
		write(t, path, "")
		if err := vacant(dir); !errors.Is(err, ErrOccupied) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestALogThatWasLeftIsNoticed: the database alone would be older than it was
// said to be.
func TestALogThatWasLeftIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, sqlite.File+"-wal")
	if err := oneFile(dir); err != nil {
		t.Error(err)
	}
	write(t, log, "")
	if err := oneFile(dir); err != nil {
		t.Error(err)
	}
	write(t, log, "frames")
	if err := oneFile(dir); err == nil {
		t.Error("not noticed")
	}
}

// TestWhatAKilledRestoreLeftIsSwept, and nothing else.
func TestWhatAKilledRestoreLeftIsSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, unfinished+"123")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(left, sqlite.File), "half a database")
	write(t, filepath.Join(dir, "kept"), "")
	if err := sweep(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "kept" {
		t.Errorf("%v, %v", entries, err)
	}
}
