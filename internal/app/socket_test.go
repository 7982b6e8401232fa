package app_test

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

func TestSocketIsForItsOwner(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	u := apptest.Start(t, apptest.Options{Dir: dir})
	path := filepath.Join(u.Data, app.SocketFile)
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := app.AdminDialer(u.Data)(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dialled: %v", err)
	}
}

// shortDir is a folder whose socket has room for its path.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "u")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestSocketOfACrashedServerIsReplaced(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(data, app.SocketFile), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	apptest.Start(t, apptest.Options{Dir: dir})
	order[api.Status](t, overSocket(t, data), http.MethodGet, api.AdminStatus, nil)
}

func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, app.SocketFile)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Config{
		Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: data, MasterKey: []byte(strings.Repeat("k", 32)),
	}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "is in the way") {
		t.Errorf("started: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestLongPath: a folder too deep for a socket has it in the runtime folder, and
// says so in its lock file.
func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), strings.Repeat("deep/", 30))
	u := apptest.Start(t, apptest.Options{Dir: dir})
	order[api.Status](t, overSocket(t, u.Data), http.MethodGet, api.AdminStatus, nil)
	text, err := os.ReadFile(filepath.Join(u.Data, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	path, ok := strings.CutPrefix(lines[1], "socket ")
	if !ok {
		t.Fatalf("the lock file says %q", text)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// TestPeerOfAnotherUserIsRefused injects what the kernel says of the peer.
func TestPeerOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		uid    int
		err    error
		status int
	}{
		"the server's user": {os.Getuid(), nil, 200},
		"root":              {0, nil, 200},
		"somebody else":     {os.Getuid() + 4711, nil, 403},
		"unknown":           {os.Getuid(), errors.New("the kernel does not say"), 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := apptest.Start(t, apptest.Options{PeerUID: func(*net.UnixConn) (int, error) { return c.uid, c.err }})
			o := overSocket(t, u.Data)
			a := o.send(t, http.MethodGet, at(api.AdminUsers), nil)
			if a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
			if c.status == 403 && (strings.Contains(a.body, apptest.User) || !strings.Contains(a.body, "only from the user it runs as")) {
				t.Errorf("the body is %s", a.body)
			}
		})
	}
}
