package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// Tx is one transaction, one snapshot or one statement's worth of reading. It
// is used by one goroutine, and not after the function it was given to returned.
type Tx interface {
	// Exec runs a statement and tells how many rows it touched.
	Exec(query string, args ...any) (int64, error)
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
	// First is QueryRow for the hot paths: the first row as the driver gives it,
	// valid until the same query runs again; sql.ErrNoRows when there is none.
	First(query string, args ...any) ([]driver.Value, error)
	// Now is the store's time in Unix ms, the one clock by which all nodes
	// judge rows.
	Now() int64
}

// DB runs the queries. It turns the database's errors into iam's: constraints
// into ErrConflict and ErrNotFound, everything that is not an answer into
// ErrUnavailable, wrapping the cause.
type DB interface {
	// Read runs fn, which makes one SELECT.
	Read(ctx context.Context, fn func(Tx) error) error
	// Snapshot runs fn, whose SELECTs all see the same state.
	Snapshot(ctx context.Context, fn func(Tx) error) error
	// Write runs fn in a transaction and returns once it is durable. Where fn
	// fails nothing of it stays. When ctx ends first, Write returns although fn
	// may still be running, so fn shares no variable with its caller.
	Write(ctx context.Context, fn func(Tx) error) error
	Close() error
}

// Store is the whole contract over one database. Safe for concurrent use.
type Store struct {
	db   DB
	docs *documents
	sums *sums
}

// Options are what a Store needs beside its database.
type Options struct {
	// Root is the store's root key, from which the key of the rows' sums comes.
	Root []byte
	// Damaged, where set, is told of every row that is found not to be what was
	// written: each time, from many goroutines, and it must be quick.
	Damaged func(table, id string)
}

// New returns the store over db, whose schema is up to date.
func New(db DB, o Options) *Store {
	sums := newSums(o.Root, o.Damaged)
	return &Store{db: db, docs: newDocuments(sums), sums: sums}
}

// Close ends the store; what was acknowledged stays.
func (s *Store) Close() error { return s.db.Close() }

// write runs fn and hands out its result only when the write was acknowledged:
// an abandoned fn may still be running then.
func write[T any](ctx context.Context, db DB, fn func(Tx) (T, error)) (T, error) {
	result := new(T)
	err := db.Write(ctx, func(tx Tx) (err error) {
		*result, err = fn(tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return *result, nil
}

// read runs fn, which makes one SELECT.
func read[T any](ctx context.Context, db DB, fn func(Tx) (T, error)) (result T, err error) {
	err = db.Read(ctx, func(tx Tx) error {
		result, err = fn(tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// all collects the rows of a query.
func all[T any](tx Tx, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// text is the one column of a row that has only one.
func text(rows *sql.Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}

// encode makes the JSON of a document. Our nouns hold nothing that JSON
// cannot, so a failure is a mistake in the caller's document (a broken raw
// member) and says where.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding a document: %w", err)
	}
	return string(b), nil
}

// decode reads a document that encode made.
func decode(what, doc string, into any) error {
	if err := json.Unmarshal([]byte(doc), into); err != nil {
		return fmt.Errorf("reading the stored %s: %w", what, err)
	}
	return nil
}

// flag is the integer that stands for b.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
