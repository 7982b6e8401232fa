package sqlite

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) storetest.Store {
		return open(t, Options{Dir: dir, Now: now})
	})
}

// open opens a data folder for a test, quietly.
func open(t testing.TB, o Options) *DB {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
