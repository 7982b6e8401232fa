package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// publish gives a finished file its name, durably, and replaces nothing that
// bears it already.
func publish(from, to string) error {
	err := os.Link(from, to)
	if linkless(err) {
		err = take(from, to)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// linkless says that a file system, such as many of a network or of a stick,
// knows no second names.
func linkless(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EMLINK)
}

// take reserves the name with an empty file and renames over it: what somebody
// else put there meanwhile is still not replaced.
func take(from, to string) error {
	reserved, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(reserved.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// vacant says whether a database can be put into a folder: neither one nor a
// part of one is there. A log that was left would be taken for the new one's.
func vacant(dir string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		path := filepath.Join(dir, sqlite.File+suffix)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%w: %s", ErrOccupied, path), err)
		}
	}
	return nil
}

// missing are the lock file of a folder, the folder, and those above it, as far
// as they are not there, the innermost first.
func missing(dir string) (list []string) {
	for path := filepath.Join(dir, sqlite.LockFile); ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return list
		}
		list = append(list, path)
	}
}

// unmake removes what was missing, until something is not empty. The folder's
// lock is held.
func unmake(made []string) {
	for _, path := range made {
		if os.Remove(path) != nil {
			return
		}
	}
}

// oneFile says whether a database that was closed is all in its own file.
// Without its log one that is not would be older than it should be.
func oneFile(dir string) error {
	log, err := os.Stat(filepath.Join(dir, sqlite.File+"-wal"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		return nil
	}
	return errors.Join(errors.New("the restored database was not written to the end"), err)
}

// sweep removes what restores that were killed left behind. The folder's lock
// is held.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, unfinished+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}
