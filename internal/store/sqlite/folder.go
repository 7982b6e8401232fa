package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// LockFile is the name of the lock inside the data folder. It holds the pid of
// the process that has the folder, as the first line.
const LockFile = "lock"

var (
	// ErrLocked says that another process has the data folder.
	ErrLocked = errors.New("the data folder is in use by another process")
	// ErrFolderOpen says that others on this machine can look into the folder.
	ErrFolderOpen = errors.New("the data folder is open to others")
)

type folderLock struct{ file *os.File }

// openFolder makes the data folder where it is absent, and takes its lock.
func openFolder(dir string) (*folderLock, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, LockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, dir, holder(f))
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	// Who restores in vain takes the file away again: a lock on what bears no
	// name holds nobody off.
	mine, err := f.Stat()
	if there, lost := os.Stat(path); err != nil || lost != nil || !os.SameFile(mine, there) {
		f.Close()
		return nil, fmt.Errorf("%w: %s was held by another process", ErrLocked, dir)
	}
	if err := sign(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return &folderLock{f}, nil
}

func (l *folderLock) release() { l.file.Close() }

// LockFolder makes a data folder where it is absent and takes its lock, for who
// puts a database there; free gives it back. ErrLocked and ErrFolderOpen are
// those of Open.
func LockFolder(dir string) (free func(), err error) {
	l, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}

func sign(f *os.File) error {
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(f io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(f, 64))
	line, _, _ := strings.Cut(string(b), "\n")
	if err != nil || line == "" {
		return "unknown"
	}
	return line
}

// makeFolder leaves a folder only its owner can enter, whatever the umask. An
// empty one is closed to others; one with things in it is for its owner to
// decide about.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		if err := os.Chmod(dir, 0o700); err != nil { // a folder needs x
			return fmt.Errorf("data folder: %w", err)
		}
		return syncFolder(filepath.Dir(dir))
	}
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("data folder: %s is not a folder", dir)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%w: %s has mode %#o; run: chmod 700 %s", ErrFolderOpen, dir, info.Mode().Perm(), dir)
	}
	return os.Chmod(dir, 0o700) // a folder needs x
}

// touch makes the database file before SQLite does, so that its mode, which
// SQLite copies to the files beside it, does not depend on the umask.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in the folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
