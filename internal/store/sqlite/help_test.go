package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

func record(tx sqlstore.Tx, id string) error {
	_, err := tx.Exec(`insert into event (id, at, realm_id, type, client_id, user_id, session_id, address, error, details)
		values ($1, 0, 'r', 't', '', '', '', '', '', '')`, id)
	return err
}

// write is a request that leaves an event named id.
func write(id string) func(sqlstore.Tx) error {
	return func(tx sqlstore.Tx) error { return record(tx, id) }
}

// interrupted is a request whose statement is interrupted.
func interrupted(x sqlstore.Tx) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rows, err := x.(tx).c.QueryContext(ctx, `with recursive n(i) as (select 1 union all select i + 1 from n) select i from n`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		cancel()
	}
	return rows.Err()
}

// fillDisk is a request for which the disk has no space.
func fillDisk(tx sqlstore.Tx) error {
	var pages int
	if err := tx.QueryRow("pragma page_count").Scan(&pages); err != nil {
		return err
	}
	if err := tx.QueryRow("pragma max_page_count = 1").Scan(&pages); err != nil { // as few as there are
		return err
	}
	return record(tx, strings.Repeat("x", 100_000))
}

// present lists the events that were left.
func present(t testing.TB, db *DB) map[string]bool {
	t.Helper()
	events, err := db.Events(context.Background(), "r", 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range events {
		if ids[e.ID] {
			t.Errorf("event %s is there twice", e.ID)
		}
		ids[e.ID] = true
	}
	return ids
}

// together runs the requests in one batch, in their order, and returns their
// answers: a request before them keeps the committer busy until all wait.
func together(t testing.TB, db *DB, requests ...func(sqlstore.Tx) error) []error {
	t.Helper()
	b := hold(t, db)
	for _, r := range requests {
		b.add(context.Background(), r)
	}
	return b.release()[1:]
}

// batch is a batch whose first request waits.
type batch struct {
	db   *DB
	gate chan struct{}
	done sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

func hold(t testing.TB, db *DB) *batch {
	t.Helper()
	b := &batch{db: db, gate: make(chan struct{})}
	running := make(chan struct{})
	b.errs = append(b.errs, nil)
	b.done.Go(func() {
		err := db.engine.Write(context.Background(), func(sqlstore.Tx) error {
			close(running)
			<-b.gate
			return nil
		})
		b.mu.Lock()
		defer b.mu.Unlock()
		b.errs[0] = err
	})
	<-running
	return b
}

// add puts a request behind the others and returns once it waits.
func (b *batch) add(ctx context.Context, fn func(sqlstore.Tx) error) {
	b.call(func() error { return b.db.engine.Write(ctx, fn) })
}

// call is add for a method of the store that writes.
func (b *batch) call(fn func() error) {
	queue := b.db.engine.commits.queue
	before := len(queue)
	b.mu.Lock()
	i := len(b.errs)
	b.errs = append(b.errs, nil)
	b.mu.Unlock()
	b.done.Go(func() {
		err := fn()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.errs[i] = err
	})
	for len(queue) == before {
		runtime.Gosched()
	}
}

func (b *batch) release() []error {
	close(b.gate)
	b.done.Wait()
	return b.errs
}

// troubled checks that every answer is iam.ErrUnavailable.
func troubled(t testing.TB, errs []error) {
	t.Helper()
	for i, err := range errs {
		if !errors.Is(err, iam.ErrUnavailable) {
			t.Errorf("request %d: got %v", i, err)
		}
	}
}

// afterCrash opens a copy of the data folder as a crash at this moment would
// leave it to the next process.
func afterCrash(t testing.TB, db *DB) *DB {
	t.Helper()
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(db.engine.file.path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil {
			if err := os.WriteFile(filepath.Join(dir, File+suffix), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return open(t, Options{Dir: dir})
}

func numbered(prefix string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%03d", prefix, i))
	}
	return ids
}
