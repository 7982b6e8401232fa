package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// SocketFile is the name of the admin socket inside the data folder.
const SocketFile = "admin.sock"

// maxSocketPath is the longest path, in bytes, that a socket is made at: the
// kernel takes 107 (unix(7)).
const maxSocketPath = 100

// socketMark begins the line of the lock file that names a socket elsewhere.
const socketMark = "socket "

// socketPath is where the admin socket of a data folder belongs. A path too
// long for the kernel moves to the runtime folder.
func socketPath(data string) (path string, moved bool, err error) {
	dir, err := filepath.Abs(data)
	if err != nil {
		return "", false, err
	}
	if path = filepath.Join(dir, SocketFile); len(path) <= maxSocketPath {
		return path, false, nil
	}
	sum := sha256.Sum256([]byte(dir))
	name := hex.EncodeToString(sum[:8]) + ".sock"
	short := filepath.Join(os.TempDir(), "usher-"+strconv.Itoa(os.Getuid()))
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		short = filepath.Join(runtime, "usher")
	}
	if path = filepath.Join(short, name); len(path) > maxSocketPath {
		return "", false, fmt.Errorf("the paths of the data folder and of the runtime folder %s are too long for a socket", short)
	}
	return path, true, ownFolder(short)
}

// ownFolder makes a folder that only this user can enter, or checks that it is
// one: in a shared place somebody else might have made it.
func ownFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a folder that only this user can enter", dir)
	}
	return nil
}

// listenSocket makes the admin socket. The folder's lock is held, so a socket
// that is there was left by a server that crashed.
func listenSocket(data string) (*net.UnixListener, error) {
	path, moved, err := socketPath(data)
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("%s is in the way: it is no socket", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil { // until here the folder kept others out
		return nil, errors.Join(err, l.Close())
	}
	if moved {
		if err := nameSocket(data, path); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// nameSocket writes into the lock file where the socket is.
func nameSocket(data, path string) error {
	f, err := os.OpenFile(filepath.Join(data, sqlite.LockFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(socketMark + path + "\n")
	return errors.Join(err, f.Close())
}

// findSocket is where the server of a data folder listens, if one runs.
func findSocket(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, sqlite.LockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), socketMark); ok {
			return path, nil
		}
	}
	path := filepath.Join(data, SocketFile)
	if absolute, err := filepath.Abs(path); err == nil && (len(absolute) < len(path) || len(path) > maxSocketPath) {
		path = absolute
	}
	return path, nil
}

// AdminDialer connects to the server that has a data folder. Its error wraps
// fs.ErrNotExist or ECONNREFUSED when no server listens there.
func AdminDialer(data string) func(ctx context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		path, err := findSocket(data)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}
