package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
	driver "modernc.org/sqlite"
)

// File is the name of the database inside the data folder.
const File = "usher.db"

// Options say where the data is and by which clock it is judged. Dir, Now and
// Log are required.
type Options struct {
	// Dir is the data folder; made (0700) when absent.
	Dir string
	// Now is the store's clock.
	Now func() time.Time
	Log *slog.Logger
	// Queue is how many writes may wait; 0: 4096. One more is refused with
	// iam.ErrUnavailable.
	Queue int
	// Readers is how many reads run at once; 0: 4.
	Readers int

	// Committed, where set, is told of every batch of writes: how many, the time
	// from its first statement until it was on disk, and whether it got there.
	// It is called by the committer and must be quick.
	Committed func(writes int, took time.Duration, ok bool)

	// Unlock opens the root key of the store, which lies in it sealed under the
	// master key. Where there is none yet sealed is nil; then, and whenever store
	// is not nil, store is written durably before anything else. Nil: a fixed
	// key of zeros, for tests of the store alone.
	Unlock func(sealed []byte) (root, store []byte, err error)
	// Damaged: see sqlstore.Options.
	Damaged func(table, id string)

	vfs string // of the fault tests
}

// DB is the open data folder: the store, and what only its owner does with it.
type DB struct {
	*sqlstore.Store
	engine *engine
	lock   *folderLock
	root   []byte
}

// engine is the sqlstore.DB over one file.
type engine struct {
	file    *file
	commits *committer
	reads   *readers
	points  *checkpointer
	mark    openMark
	settled sync.Once
}

// Open locks the data folder, opens or makes its database and brings the
// schema up to date. ErrLocked: another process holds the folder;
// ErrFolderOpen: others on this machine can read it; ErrNewer and ErrForeign:
// the file is not one this release can open; ErrNoLog: the file beside it is
// gone that holds what was written last.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Queue == 0 {
		o.Queue = 4096
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	e, root, err := openEngine(ctx, filepath.Join(dir, File), o)
	if err != nil {
		lock.release()
		return nil, err
	}
	store := sqlstore.New(e, sqlstore.Options{Root: root, Damaged: o.Damaged})
	return &DB{Store: store, engine: e, lock: lock, root: root}, nil
}

func openEngine(ctx context.Context, path string, o Options) (*engine, []byte, error) {
	// A platform that cannot says so and syncs with fsync.
	if _, err := driver.Fdatasync(true); err != nil && !errors.Is(err, driver.ErrFdatasyncUnavailable) {
		return nil, nil, err
	}
	if err := touch(path); err != nil {
		return nil, nil, fmt.Errorf("making the database: %w", err)
	}
	mark := openMark{path}
	if err := mark.check(); err != nil {
		return nil, nil, fmt.Errorf("opening %s: %w", path, err)
	}
	f, err := openFile(path, o.vfs)
	if err != nil {
		return nil, nil, err
	}
	first, err := f.open(ctx, writing)
	if err != nil {
		f.close()
		return nil, nil, fmt.Errorf("opening %s: %w", path, err)
	}
	root, err := prepare(ctx, f, first, o.Unlock)
	if err == nil {
		err = mark.set()
	}
	if err != nil {
		first.close()
		f.close()
		return nil, nil, fmt.Errorf("opening %s: %w", path, err)
	}
	now := func() int64 { return o.Now().UnixMilli() }
	fault := newFault(o.Log)
	e := &engine{file: f, mark: mark}
	e.points = newCheckpointer(f, fault, o.Log)
	e.commits = newCommitter(f, first, fault, e.points, o)
	e.reads = newReaders(f, now, o.Readers)
	return e, root, nil
}

// prepare checks the engine and the file, migrates, and opens the root key.
func prepare(ctx context.Context, f *file, c *conn, unlock unlocker) (root []byte, err error) {
	if err := checkVersion(ctx, c); err != nil {
		return nil, err
	}
	if err := migrate(ctx, f, c); err != nil {
		return nil, err
	}
	return rootKey(c, unlock)
}

// RootKey is the store's root key. Keys of whatever is kept in the store come
// from it, so that they live and are restored with it.
func (d *DB) RootKey() []byte { return d.root }

// Reseal is the store's, and empties the log, so that nothing sealed under the
// older key is left in the folder.
func (d *DB) Reseal(ctx context.Context, rootPrev, rootNext []byte, changes []iam.SealedChange, ev *iam.Event) error {
	err := d.Store.Reseal(ctx, rootPrev, rootNext, changes, ev)
	if err == nil {
		d.engine.points.forget()
	}
	return err
}

// DeleteUser is the store's, and has the log emptied soon.
func (d *DB) DeleteUser(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	out, err := d.Store.DeleteUser(ctx, realmID, userID, at, until, ev)
	if err == nil {
		d.engine.points.secret.Store(true)
		d.engine.points.wrote()
	}
	return out, err
}

// Probe is the store's, and fails for a moment after a batch of writes could
// not be written: on a full disk the probe's own small write, which takes no
// new page, goes on when logins do not.
func (d *DB) Probe(ctx context.Context) error {
	if err := d.engine.commits.hurt(); err != nil {
		return unavailable(err)
	}
	return d.Store.Probe(ctx)
}

// Fatal delivers the one fault after which no write will ever be acknowledged:
// a failed sync. The process must exit non-zero, so that the next one reads
// from the disk what is really there.
func (d *DB) Fatal() <-chan error { return d.engine.commits.fault.told }

// Close finishes the waiting writes, closes the database and gives the folder
// free.
func (d *DB) Close() error {
	err := d.Store.Close()
	d.lock.release()
	return err
}

// Read implements sqlstore.DB.
func (e *engine) Read(ctx context.Context, fn func(sqlstore.Tx) error) error {
	return e.reads.do(ctx, false, fn)
}

// Snapshot implements sqlstore.DB.
func (e *engine) Snapshot(ctx context.Context, fn func(sqlstore.Tx) error) error {
	return e.reads.do(ctx, true, fn)
}

// Write implements sqlstore.DB.
func (e *engine) Write(ctx context.Context, fn func(sqlstore.Tx) error) error {
	return e.commits.do(ctx, fn)
}

// Close implements sqlstore.DB: writes end first, reads last.
func (e *engine) Close() error {
	err := errors.Join(e.commits.close(), e.points.close())
	e.settled.Do(func() { err = errors.Join(err, e.settle()) })
	return errors.Join(err, e.reads.close(), e.file.close(), e.mark.gone())
}

// settle brings everything in the log into the database, so that the log may go
// when the last connection does. It leaves the mark where that fails: the log
// stays then too.
func (e *engine) settle() error {
	if e.commits.fault.err() != nil {
		return nil
	}
	c, err := e.file.open(context.Background(), copying)
	if err != nil {
		return nil
	}
	defer c.close()
	var busy, frames, copied int64
	if err := c.queryRow("pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &copied); err != nil || busy != 0 {
		return nil
	}
	return e.mark.clear()
}
