package app_test

import (
	"errors"
	"io"
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

// TestLongPath: a folder too deep for a socket has it in a runtime folder, and
// says so in its lock file. One that somebody else made is not taken.
func TestLongPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode  fs.FileMode // of the folder made before; 0: none
		link  bool
		taken bool
	}{
		"none yet":             {0, false, true},
		"left by a server":     {0o700, false, true},
		"open to others":       {0o777, false, false},
		"a link to another's":  {0, true, false},
		"nowhere but in a new": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := filepath.Join(shortDir(t), "usher")
			folders := []string{run}
			switch {
			case c.link:
				if err := os.Symlink(shortDir(t), run); err != nil {
					t.Fatal(err)
				}
			case c.mode != 0:
				if err := errors.Join(os.Mkdir(run, 0o700), os.Chmod(run, c.mode)); err != nil {
					t.Fatal(err)
				}
			case !c.taken:
				folders = []string{filepath.Join(run, "not", "there")}
			}
			dir := filepath.Join(shortDir(t), strings.Repeat("deep/", 30))
			u := apptest.Start(t, apptest.Options{Dir: dir, App: func(o *app.Options) { o.RuntimeFolders = folders }})
			order[api.Status](t, overSocket(t, u.Data), http.MethodGet, api.AdminStatus, nil)
			path := named(t, u.Data)
			folder := filepath.Dir(path)
			if (folder == run) != c.taken {
				t.Errorf("the socket is in %s", folder)
			}
			if info, err := os.Lstat(folder); err != nil || info.Mode() != fs.ModeDir|0o700 {
				t.Errorf("the folder: %v, %v", info, err)
			}
			if err := u.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after the end: %v", err)
			}
			if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) == c.taken {
				t.Errorf("the folder after the end: %v", err)
			}
			if _, err := app.AdminDialer(u.Data)(t.Context()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("dialled after the end: %v", err)
			}
		})
	}
}

// named is the socket that a lock file names.
func named(t *testing.T, data string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	path, ok := strings.CutPrefix(strings.Split(string(text), "\n")[1], "socket ")
	if !ok {
		t.Fatalf("the lock file says %q", text)
	}
	return path
}

// TestLongPathWithoutAServer: what no lock file names does not run.
func TestLongPathWithoutAServer(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), strings.Repeat("deep/", 30))
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := app.AdminDialer(data)(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dialled: %v", err)
	}
}

// TestSocketOfSomebodyElseIsNotSpokenTo: a crashed server's lock file names a
// socket in a folder that another one may have made since.
func TestSocketOfSomebodyElseIsNotSpokenTo(t *testing.T) {
	t.Parallel()
	data, hostile := shortDir(t), shortDir(t)
	path := filepath.Join(hostile, "x.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := errors.Join(os.Chmod(hostile, 0o755), os.WriteFile(filepath.Join(data, "lock"), []byte("1\nsocket "+path+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := app.AdminDialer(data)(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dialled: %v", err)
	}
}

// TestNobodyIsAnsweredWithoutASocket: where it cannot be had the start fails
// before the public listener answers.
func TestNobodyIsAnsweredWithoutASocket(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(filepath.Join(data, app.SocketFile), []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Config{
		Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: data, MasterKey: []byte(strings.Repeat("k", 32)),
	}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c, err := net.Dial("tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err == nil {
		t.Error("started")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if answer, _ := io.ReadAll(c); len(answer) > 0 {
		t.Errorf("answered: %q", answer)
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
