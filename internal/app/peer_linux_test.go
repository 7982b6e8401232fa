package app_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestKernelTellsTheUser connects as another user, for which the folder and the
// socket are opened to all; without root there is only one user to be.
func TestKernelTellsTheUser(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Dir: shortDir(t)})
	uid, want := os.Getuid(), http.StatusOK
	if uid == 0 {
		uid, want = 65534, http.StatusForbidden
		for path, mode := range map[string]os.FileMode{filepath.Dir(u.Data): 0o711, u.Data: 0o711, filepath.Join(u.Data, app.SocketFile): 0o666} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	conn, err := connectAs(uid, filepath.Join(u.Data, app.SocketFile))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	t.Cleanup(transport.CloseIdleConnections)
	o := operator{(&http.Client{Transport: transport}).Do}
	if a := o.send(t, http.MethodGet, api.AdminStatus, nil); a.status != want {
		t.Errorf("user %d: %d %s", uid, a.status, a.body)
	}
}

// connectAs connects with the effective user of one thread changed: the kernel
// notes the user of connect(2).
func connectAs(uid int, path string) (net.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	was := os.Geteuid()
	if _, _, no := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); no != 0 {
		return nil, no
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if _, _, no := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(was), ^uintptr(0)); no != 0 {
		runtime.LockOSThread() // a thread that stays another user ends with its goroutine
		return conn, no
	}
	return conn, err
}
