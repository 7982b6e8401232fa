package sqlite

import (
	"database/sql"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
	"github.com/seed-a6a28e10/usher/internal/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) storetest.Store {
		return open(t, Options{Dir: dir, Now: now})
	}, map[string]storetest.Trouble{"Interrupt": amid(interrupted), "FullDisk": amid(fillDisk)}, hand)
}

// hand changes the database as another program could.
func hand(t testing.TB, s storetest.Store) *sql.DB {
	db, err := sql.Open("sqlite", s.(*DB).engine.file.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// amid makes one batch of the calls, with trouble among them.
func amid(trouble func(sqlstore.Tx) error) storetest.Trouble {
	return func(t testing.TB, s storetest.Store, calls []func() error) []error {
		b := hold(t, s.(*DB))
		for i, call := range calls {
			if i == len(calls)/2 {
				b.add(t.Context(), trouble)
			}
			b.call(call)
		}
		errs := b.release()[1:]
		return slices.Delete(errs, len(calls)/2, len(calls)/2+1)
	}
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
