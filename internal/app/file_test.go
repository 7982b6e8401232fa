package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// TestOnlyRegularFilesAreRead: nothing waits for the writer of a pipe, or reads
// what never ends.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.WriteFile(path("file"), []byte("text"), 0o600), os.WriteFile(path("long"), bytes.Repeat([]byte("x"), 1<<20+1), 0o600),
		os.Symlink("file", path("link")), os.Symlink("/dev/zero", path("endless")), os.Symlink("pipe", path("to a pipe")),
		syscall.Mkfifo(path("pipe"), 0o600), os.Mkdir(path("folder"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"file": nil, "link": nil, "long": app.ErrTooLong, "absent": os.ErrNotExist,
		"pipe": app.ErrNotRegular, "to a pipe": app.ErrNotRegular, "endless": app.ErrNotRegular, "folder": app.ErrNotRegular,
	} {
		text, err := app.ReadSmallFile(path(name))
		if !errors.Is(err, want) || (want == nil) != (string(text) == "text") {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
	for _, name := range []string{"pipe", "endless"} {
		if _, err := app.ReadRealmFile(path(name)); !errors.Is(err, app.ErrNotRegular) {
			t.Errorf("a realm file that is a %s: %v", name, err)
		}
		if _, err := app.LoadKeyPair(path(name), path("file")); !errors.Is(err, app.ErrNotRegular) {
			t.Errorf("a certificate that is a %s: %v", name, err)
		}
		if _, err := app.LoadKeyPair(path("file"), path(name)); !errors.Is(err, app.ErrNotRegular) {
			t.Errorf("a certificate's key that is a %s: %v", name, err)
		}
	}
	if _, err := app.ReadMasterKey(path("pipe")); !errors.Is(err, app.ErrNotRegular) {
		t.Errorf("a master key that is a pipe: %v", err)
	}
}
