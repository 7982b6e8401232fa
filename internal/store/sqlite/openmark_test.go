package sqlite

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// killed is the folder of a store as a killed process leaves it.
func killed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	if err := db.engine.Write(t.Context(), write("a")); err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := os.Chmod(copied, 0o700); err != nil { // a folder
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-open"} {
		b, err := os.ReadFile(filepath.Join(dir, File+suffix))
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, File+suffix), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	is, err := openMark{filepath.Join(copied, File)}.identity()
	if err == nil {
		err = os.WriteFile(filepath.Join(copied, File+"-open"), []byte(is), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestALogThatIsGoneIsNotMissed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(path string) error
		want   error
		events int
	}{
		"nothing":              {func(string) error { return nil }, nil, 1},
		"the log":              {func(path string) error { return os.Remove(path + "-wal") }, ErrNoLog, 0},
		"the log and the mark": {func(path string) error { return errors.Join(os.Remove(path+"-wal"), os.Remove(path+"-open")) }, nil, 0},
		"the log and the database": {func(path string) error { // by a restore
			b, err := os.ReadFile(path)
			return errors.Join(err, os.Remove(path+"-wal"), os.WriteFile(path+".new", b, 0o600), os.Rename(path+".new", path))
		}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := killed(t)
			path := filepath.Join(dir, File)
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), Options{Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil {
				if _, err := Inspect(t.Context(), dir, nil, time.Now); !errors.Is(err, c.want) {
					t.Errorf("looking at it: got %v, want %v", err, c.want)
				}
				return
			}
			if n := len(present(t, db)); n != c.events {
				t.Errorf("%d events, want %d", n, c.events)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			for _, suffix := range []string{"-wal", "-open"} {
				if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s after the end: %v", suffix, err)
				}
			}
		})
	}
}
