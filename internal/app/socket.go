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
	"slices"
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

// runtimeFolders are where a socket goes whose path would be too long, in order
// of preference. Nobody else can make a folder there.
func runtimeFolders() []string {
	folders := []string{"/run/usher"}
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		folders = slices.Insert(folders, 0, filepath.Join(runtime, "usher"))
	}
	return folders
}

// socketPath is where the admin socket of a data folder belongs. A path too
// long for the kernel moves to the first of the folders that can be had, else
// to a new one of a random name, made, which is to be removed at the end.
func socketPath(data string, folders []string) (path string, moved bool, made string, err error) {
	dir, err := filepath.Abs(data)
	if err != nil {
		return "", false, "", err
	}
	if path = filepath.Join(dir, SocketFile); len(path) <= maxSocketPath {
		return path, false, "", nil
	}
	sum := sha256.Sum256([]byte(dir))
	name := hex.EncodeToString(sum[:8]) + ".sock"
	for _, folder := range folders {
		if path = filepath.Join(folder, name); len(path) <= maxSocketPath && ownFolder(folder) == nil {
			return path, true, "", nil
		}
	}
	// A name known beforehand could be somebody else's in a place open to all.
	if made, err = os.MkdirTemp("", "usher-"); err != nil {
		return "", false, "", err
	}
	if path = filepath.Join(made, name); len(path) > maxSocketPath {
		return "", false, "", errors.Join(fmt.Errorf("the paths of the data folder and of %s are too long for a socket", made), os.Remove(made))
	}
	return path, true, made, nil
}

// ownFolder makes a folder that only this user can enter, or checks that it is
// one: somebody else might have made it.
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

// socketListener takes the folder away that was made for it.
type socketListener struct {
	net.Listener
	made string // "": none
}

// Close implements net.Listener.
func (l socketListener) Close() error {
	err := l.Listener.Close()
	if l.made != "" {
		_ = os.Remove(l.made) // an empty folder left behind harms nobody
	}
	return err
}

// listenSocket makes the admin socket. The folder's lock is held, so a socket
// that is there was left by a server that crashed.
func listenSocket(data string, folders []string) (net.Listener, error) {
	path, moved, made, err := socketPath(data, folders)
	if err != nil {
		return nil, err
	}
	l, err := listenAt(path)
	if err != nil {
		if made != "" {
			err = errors.Join(err, os.Remove(made))
		}
		return nil, err
	}
	own := socketListener{l, made}
	if moved {
		if err := nameSocket(data, path); err != nil {
			return nil, errors.Join(err, own.Close())
		}
	}
	return own, nil
}

func listenAt(path string) (net.Listener, error) {
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

// findSocket is where the server of a data folder listens, if one runs. The
// error wraps fs.ErrNotExist where none does.
func findSocket(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, sqlite.LockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), socketMark); ok {
			return path, trusted(data, path)
		}
	}
	path := filepath.Join(data, SocketFile)
	if absolute, err := filepath.Abs(path); err == nil && (len(absolute) < len(path) || len(path) > maxSocketPath) {
		path = absolute
	}
	if len(path) > maxSocketPath { // a server would have named another one
		return "", fmt.Errorf("no socket is named for %s: %w", data, fs.ErrNotExist)
	}
	return path, nil
}

// trusted looks whether a socket that a lock file names lies in a folder of the
// data folder's owner. What a server that crashed has left in the lock file may
// be gone, and its name somebody else's by now.
func trusted(data, path string) error {
	dir, err := os.Stat(data)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	owner, ok := dir.Sys().(*syscall.Stat_t)
	stat, also := info.Sys().(*syscall.Stat_t)
	if !ok || !also || !info.IsDir() || stat.Uid != owner.Uid || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s, which the lock file names, is somebody else's: %w", folder, fs.ErrNotExist)
	}
	return nil
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
