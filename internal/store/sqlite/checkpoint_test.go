package sqlite

import (
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// TestAReaderKeepsNoCommitWaiting: while somebody reads what is older than the
// log, as a backup does, no checkpoint gets further, and none is made between
// two commits. When he has ended the log is copied and starts over.
func TestAReaderKeepsNoCommitWaiting(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	points := db.engine.points
	event := iam.Event{ID: "e", RealmID: "r", Type: "LOGIN", At: 1, Details: map[string]string{"long": strings.Repeat("x", 1<<20)}}
	write := func(n int) {
		t.Helper()
		for range n {
			if err := db.RecordEvent(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(1)
	pool, err := besidePool(folder(db))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	reading, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := reading.QueryRowContext(t.Context(), "select count(*) from event").Scan(&rows); err != nil || rows != 1 {
		t.Fatal(rows, err)
	}
	write(20) // more than walFrames
	for range 3 {
		points.checkpoint(nil)
	}
	if !points.held.Load() || points.behind.Load() {
		t.Errorf("beside a reader: held %v, behind %v", points.held.Load(), points.behind.Load())
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	points.checkpoint(nil)
	if points.held.Load() {
		t.Error("held, and nobody reads")
	}
	c, err := db.engine.file.open(t.Context(), copying)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if frames, copied, err := checkpoint(c); err != nil || copied != frames {
		t.Errorf("%d of %d pages copied, %v", copied, frames, err)
	}
}
