package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrNoLog says that the write-ahead log of a database is gone, and with it
// what was written last.
var ErrNoLog = errors.New("the write-ahead log is missing")

// openMark is a file beside the database from when its write-ahead log exists
// until everything in that is in the database too. A database with the mark and
// without the log has lost what was acknowledged last, which nothing in it
// tells. The mark names the very file: a restored one is another.
type openMark struct{ database string }

func (m openMark) path() string { return m.database + "-open" }
func (m openMark) log() string  { return m.database + "-wal" }

// check refuses a database whose log is gone.
func (m openMark) check() error {
	marked, err := os.ReadFile(m.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if is, err := m.identity(); err != nil || is != string(marked) {
		return err // of another file, which was replaced
	}
	if _, err := os.Stat(m.log()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %s was not closed, and %s is not there; put it back, restore a backup, or delete %s to go on without what was written last",
		ErrNoLog, m.database, m.log(), m.path())
}

// set makes the mark. The log exists by now, and must be found after a power
// cut if the mark is.
func (m openMark) set() error {
	is, err := m.identity()
	if err != nil {
		return err
	}
	if _, err := os.Stat(m.log()); err != nil {
		return err
	}
	dir := filepath.Dir(m.database)
	if err := syncFolder(dir); err != nil {
		return err
	}
	f, err := os.OpenFile(m.path(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt([]byte(is), 0); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncFolder(dir)
}

// clear removes the mark: nothing is in the log alone.
func (m openMark) clear() error {
	err := os.Remove(m.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(m.database))
}

// gone clears the mark after all connections are closed, where the last one
// took the log with it.
func (m openMark) gone() error {
	if _, err := os.Stat(m.log()); errors.Is(err, fs.ErrNotExist) {
		return m.clear()
	}
	return nil
}

// identity is that of the database file in its file system.
func (m openMark) identity() (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(m.database, &st); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d\n", st.Dev, st.Ino), nil
}
