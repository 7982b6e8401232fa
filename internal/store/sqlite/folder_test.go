package sqlite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFolderIsHeldByOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	_, err := Open(t.Context(), Options{Dir: dir, Now: nil, Log: nil})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, LockFile))
	if err != nil || string(b) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("lock file: %q, %v", b, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir})
}

// underUmask names the umask a child of the test runs under.
const underUmask = "USHER_TEST_UMASK"

func TestModesDoNotDependOnUmask(t *testing.T) {
	t.Parallel()
	if os.Getenv(underUmask) == "" {
		for _, mask := range []string{"000", "022", "077"} {
			cmd := exec.Command("sh", "-c", "umask "+mask+` && exec "$0" -test.run='^TestModesDoNotDependOnUmask$'`, os.Args[0])
			cmd.Env = append(os.Environ(), underUmask+"="+mask)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("umask %s: %v\n%s", mask, err, out)
			}
		}
		return
	}
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, Options{Dir: dir})
	if err := db.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]os.FileMode{"": 0o700, File: 0o600, File + "-wal": 0o600, File + "-shm": 0o600, File + "-open": 0o600, LockFile: 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%q has mode %#o, want %#o", name, info.Mode().Perm(), mode)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(want)-1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestFolderOpenToOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // on purpose
		t.Fatal(err)
	}
	open(t, Options{Dir: dir}).Close() // was empty: is closed to others now
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chmod(dir, 0o750); err != nil { // on purpose
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrFolderOpen) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(t.Context(), Options{Dir: dir}); err == nil {
			t.Errorf("%s was opened", dir)
		}
	}
}

func TestStrangeFolderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "100%", "what?mode=memory", "#1", "é&x=y", "file:x"} {
		dir := filepath.Join(t.TempDir(), name)
		open(t, Options{Dir: dir}).Close()
		if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
			t.Error(fmt.Errorf("%q: %w", name, err))
		}
	}
}
