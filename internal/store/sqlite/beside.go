package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
	modernc "modernc.org/sqlite"
)

// ErrOlder says that an older release wrote the file: opening it to serve would
// migrate it, looking at it does not.
var ErrOlder = errors.New("written by an older release of Usher")

// besidePool connects to the database of a data folder to read it beside a
// server: it takes no lock, changes no byte of the file and leaves the log to
// its writer.
func besidePool(dir string) (*sql.DB, error) {
	// In a URI a path that is not absolute would be the name of a host.
	path, err := filepath.Abs(filepath.Join(dir, File))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if err := (openMark{path}).check(); err != nil {
		return nil, err
	}
	query := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(2000)", "temp_store(memory)", "trusted_schema(off)", "cache_size(-4096)"}}
	connector, err := modernc.NewConnector((&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxIdleConns(-1)
	return pool, nil
}

// Backup copies the database of a data folder, as of one moment, to the new
// file dest (0600, on disk when it returns). Every page is read on the way. A
// server may run meanwhile; its log grows until the copy is made.
func Backup(ctx context.Context, dir, dest string) (err error) {
	pool, err := besidePool(dir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	out, err := os.OpenFile(dest, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, os.Remove(dest))
		}
	}()
	if _, err := pool.ExecContext(ctx, "vacuum into ?", dest); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return syncFolder(filepath.Dir(dest))
}

// Inspection is a database that is only read. Every fact that writes fails with
// iam.ErrUnavailable.
type Inspection struct {
	*sqlstore.Store
	db   *beside
	root []byte
}

// RootKey is that of the database.
func (i *Inspection) RootKey() []byte { return i.root }

// Inspect opens the database of a data folder to read it, beside a server or
// without one. unlock opens the root key, as in Options, but makes none.
func Inspect(ctx context.Context, dir string, unlock unlocker, now func() time.Time) (*Inspection, error) {
	pool, err := besidePool(dir)
	if err != nil {
		return nil, err
	}
	b := &beside{pool: pool, now: func() int64 { return now().UnixMilli() }}
	root, err := b.begin(ctx, unlock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", filepath.Join(dir, File), err), b.Close())
	}
	return &Inspection{Store: sqlstore.New(b, sqlstore.Options{Root: root}), db: b, root: root}, nil
}

// beside is the sqlstore.DB of an inspection: one connection for each read.
type beside struct {
	pool *sql.DB
	now  func() int64
}

// begin checks that the schema is this release's, and opens the root key.
func (b *beside) begin(ctx context.Context, unlock unlocker) (root []byte, err error) {
	c, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	version, err := schemaVersion(c)
	if err != nil {
		return nil, err
	}
	latest, err := latestVersion()
	switch {
	case err != nil:
		return nil, err
	case version > latest:
		return nil, ErrNewer
	case version < latest:
		return nil, ErrOlder
	case unlock == nil:
		return make([]byte, rootKeySize), nil
	}
	sealed, err := sealedRootKey(c)
	if err == nil && sealed == nil {
		err = ErrNoRootKey
	}
	if err != nil {
		return nil, err
	}
	root, _, err = unlock(sealed)
	return root, err
}

func (b *beside) open(ctx context.Context) (*conn, error) {
	c, err := b.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: map[string]*sql.Stmt{}, direct: map[string]*direct{}}, nil
}

// Read implements sqlstore.DB.
func (b *beside) Read(ctx context.Context, fn func(sqlstore.Tx) error) (err error) {
	return b.do(ctx, func(c *conn) error { return fn(tx{c, b.now()}) })
}

// Snapshot implements sqlstore.DB.
func (b *beside) Snapshot(ctx context.Context, fn func(sqlstore.Tx) error) (err error) {
	return b.do(ctx, func(c *conn) error { return snapshot(c, tx{c, b.now()}, fn) })
}

func (b *beside) do(ctx context.Context, fn func(*conn) error) error {
	c, err := b.open(ctx)
	if err != nil {
		return unavailable(err)
	}
	err, _ = verdict(fn(c))
	return errors.Join(err, c.close())
}

var errReadOnly = errors.New("the database is only looked at")

// Write implements sqlstore.DB.
func (b *beside) Write(context.Context, func(sqlstore.Tx) error) error {
	return unavailable(errReadOnly)
}

// Close implements sqlstore.DB.
func (b *beside) Close() error { return b.pool.Close() }
