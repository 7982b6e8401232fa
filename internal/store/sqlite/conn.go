package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"

	modernc "modernc.org/sqlite"
)

// role says what a connection is for.
type role int

const (
	writing role = iota
	reading
	copying // WAL to database
)

// file is the database file and how to connect to it.
type file struct {
	path  string
	pools [3]*sql.DB // by role; they keep no idle connection: a closed one is closed
}

// The most memory for pages, in KiB, taken as they are read; the operating
// system caches the file anyway.
var cacheKiB = [...]string{writing: "-4096", reading: "-1024", copying: "-64"}

// walLimit is the size in bytes down to which a used-up WAL is cut.
const walLimit = "16777216"

func openFile(path, vfs string) (*file, error) {
	f := &file{path: path}
	for r := range f.pools {
		pragmas := []string{
			"busy_timeout(2000)",
			"journal_mode(wal)",
			"synchronous(full)",
			"fullfsync(on)", // macOS: a plain fsync stays in the drive's cache
			"checkpoint_fullfsync(on)",
			"wal_autocheckpoint(0)", // the checkpointer's work, not the committer's
			"journal_size_limit(" + walLimit + ")",
			"temp_store(memory)", // no copies of rows in /tmp
			"foreign_keys(on)",
			"trusted_schema(off)",
			"cache_size(" + cacheKiB[r] + ")",
			"cell_size_check(on)", // a damaged page is told from a good one more often
		}
		if role(r) == writing {
			// What is deleted or replaced (a hash, a value sealed under an older
			// master key) is overwritten with zeros.
			pragmas = append(pragmas, "secure_delete(on)")
		}
		if role(r) == reading {
			pragmas = append(pragmas, "query_only(on)")
		}
		query := url.Values{"_pragma": pragmas}
		if vfs != "" {
			query.Set("vfs", vfs)
		}
		dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
		connector, err := modernc.NewConnector(dsn.String())
		if err != nil {
			return nil, err
		}
		f.pools[r] = sql.OpenDB(connector)
		f.pools[r].SetMaxIdleConns(-1)
	}
	return f, nil
}

// close ends the pools; connections still in use stay as they are.
func (f *file) close() error {
	var errs []error
	for _, p := range f.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// open makes a connection. It is used by one goroutine at a time.
func (f *file) open(ctx context.Context, r role) (*conn, error) {
	c, err := f.pools[r].Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: map[string]*sql.Stmt{}, direct: map[string]*direct{}}, nil
}

// conn is a connection with the statements that were prepared on it. Its
// statements run to their end: a context that can end would make the driver
// watch it from a goroutine for each statement and interrupt the connection,
// which others' work may be on by then. Waiting is cut short elsewhere.
type conn struct {
	c      *sql.Conn
	stmts  map[string]*sql.Stmt
	direct map[string]*direct
	args   []driver.NamedValue // used again
}

func (c *conn) prepare(query string) (*sql.Stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	s, err := c.c.PrepareContext(context.Background(), query)
	if err == nil {
		c.stmts[query] = s
	}
	return s, err
}

func (c *conn) queryRow(query string, args ...any) *sql.Row {
	s, err := c.prepare(query)
	if err != nil {
		// Fails in the same way, and a sql.Row cannot be made here.
		return c.c.QueryRowContext(context.Background(), query, args...)
	}
	return s.QueryRowContext(context.Background(), args...)
}

func (c *conn) query(query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

// close ends the connection; a transaction on it is rolled back.
func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	c.forget()
	return c.c.Close()
}

// tx is what a conn is to the queries.
type tx struct {
	*conn
	now int64
}

func (t tx) Exec(query string, args ...any) (int64, error)      { return t.exec(query, args...) }
func (t tx) Query(query string, args ...any) (*sql.Rows, error) { return t.query(query, args...) }
func (t tx) QueryRow(query string, args ...any) *sql.Row        { return t.queryRow(query, args...) }
func (t tx) First(query string, args ...any) ([]driver.Value, error) {
	return t.first(query, args...)
}
func (t tx) Now() int64 { return t.now }
