package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/seed-a6a28e10/usher/internal/iam"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	errClosed = errors.New("the store is closed")
	errQueue  = errors.New("too many writes are waiting")
)

// unavailable is iam.ErrUnavailable with its cause.
func unavailable(cause error) error {
	return fmt.Errorf("%w: %w", iam.ErrUnavailable, cause)
}

// code is SQLite's extended result code in err, 0 when there is none.
func code(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return 0
}

// verdict turns the error of one request into its answer. answered is false
// for an error that says nothing about the request: trouble.
func verdict(err error) (answer error, answered bool) {
	switch c := code(err); {
	case err == nil:
		return nil, true
	case errors.Is(err, iam.ErrNotFound), errors.Is(err, iam.ErrStale), errors.Is(err, iam.ErrConflict):
		return err, true
	case errors.Is(err, iam.ErrDamaged): // one row's trouble, not the connection's
		return err, true
	case c == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", iam.ErrNotFound, err), true
	case c == sqlite3.SQLITE_CONSTRAINT_UNIQUE, c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, c == sqlite3.SQLITE_CONSTRAINT_ROWID:
		return fmt.Errorf("%w: %w", iam.ErrConflict, err), true
	case c&0xff == sqlite3.SQLITE_CONSTRAINT, c == sqlite3.SQLITE_TOOBIG, c == sqlite3.SQLITE_MISMATCH:
		return err, true // a value the schema refuses: the caller's mistake alone
	default:
		return unavailable(err), false
	}
}

// syncFailed says that data handed to the kernel may be lost although a later
// sync would succeed.
func syncFailed(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_IOERR_FSYNC || c == sqlite3.SQLITE_IOERR_DIR_FSYNC
}

// diskFailed says that the disk was full or failed.
func diskFailed(err error) bool {
	c := code(err) & 0xff
	return c == sqlite3.SQLITE_FULL || c == sqlite3.SQLITE_IOERR
}

// fault is the one-way switch of a failed sync.
type fault struct {
	cause atomic.Pointer[error]
	told  chan error // one value, then closed
	log   *slog.Logger
}

func newFault(log *slog.Logger) *fault { return &fault{told: make(chan error, 1), log: log} }

// raise ends all writing.
func (f *fault) raise(cause error) {
	err := fmt.Errorf("a sync of the database failed, no write can be trusted any more: %w", cause)
	if !f.cause.CompareAndSwap(nil, &err) {
		return
	}
	f.log.LogAttrs(context.Background(), slog.LevelError, "storage fault: no further write is acknowledged",
		slog.String("error", cause.Error()))
	f.told <- err
	close(f.told)
}

// err is the fault, or nil.
func (f *fault) err() error {
	if p := f.cause.Load(); p != nil {
		return *p
	}
	return nil
}
