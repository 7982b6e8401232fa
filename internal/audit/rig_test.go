package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

const start = int64(1_800_000_000_000)

// tester is what testing.TB and rapid.T have in common here.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// clock moves only when told; a Sleep ends when its time has come.
type clock struct{ ms atomic.Int64 }

func (c *clock) Now() time.Time { return time.UnixMilli(c.ms.Load()) }

func (c *clock) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// rig is a store with a sealer, and an intruder's connection to its file.
type rig struct {
	*sqlite.DB
	clock    *clock
	sealer   *audit.Sealer
	keys     audit.Keys
	intruder *sql.DB
	dir      string
	events   int
}

func newRig(t testing.TB, retention time.Duration) *rig {
	t.Helper()
	r := &rig{clock: &clock{}, dir: t.TempDir()}
	r.clock.ms.Store(start)
	r.open(t, retention)
	t.Cleanup(func() { r.shut(t) })
	return r
}

func (r *rig) open(t testing.TB, retention time.Duration) {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: r.dir, Now: r.clock.Now, Log: quiet})
	ok(t, err)
	r.DB, r.keys = db, audit.NewKeys(db.RootKey())
	r.sealer = audit.NewSealer(audit.Config{Store: db, Keys: r.keys, Clock: r.clock, Log: quiet, Retention: retention})
	r.intruder, err = sql.Open("sqlite", "file:"+filepath.Join(r.dir, sqlite.File)+"?_pragma=busy_timeout(5000)")
	ok(t, err)
	r.intruder.SetMaxOpenConns(1)
}

func (r *rig) shut(t testing.TB) {
	t.Helper()
	r.intruder.Close()
	r.DB.Close()
}

func ok(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record writes n events.
func (r *rig) record(t tester, n int) {
	t.Helper()
	for range n {
		r.events++
		ev := iam.Event{ID: fmt.Sprintf("event-%04d", r.events), At: r.clock.ms.Load(), RealmID: "realm", Type: "LOGIN",
			ClientID: "app", UserID: fmt.Sprint("user", r.events%3), Address: "192.0.2.1"}
		if r.events%2 == 0 {
			ev.Type, ev.Error, ev.Details = "LOGIN_ERROR", "invalid_user_credentials", map[string]string{"username": "anna"}
		}
		ok(t, r.RecordEvent(context.Background(), ev))
	}
}

// sealed records n events and seals them in one seal.
func (r *rig) sealed(t tester, n int) {
	t.Helper()
	r.record(t, n)
	ok(t, r.sealer.Seal(context.Background()))
	r.clock.ms.Add(1000)
}

func (r *rig) pointed(t tester) {
	t.Helper()
	ok(t, r.sealer.Checkpoint(context.Background()))
	r.clock.ms.Add(1000)
}

// history is a record of some seals and checkpoints.
func (r *rig) history(t tester) {
	t.Helper()
	for _, n := range []int{3, 1, 4} {
		r.sealed(t, n)
		r.pointed(t)
	}
	r.sealed(t, 2)
	r.record(t, 1)
}

func (r *rig) verify(t tester, outside []byte) audit.Report {
	t.Helper()
	report, err := audit.Verify(context.Background(), r.DB, r.keys, outside)
	ok(t, err)
	if report.OK != (len(report.Findings) == 0) {
		t.Fatalf("OK is %v beside %v", report.OK, report.Findings)
	}
	return report
}

// sound checks that nothing is found.
func (r *rig) sound(t tester, outside []byte) audit.Report {
	t.Helper()
	report := r.verify(t, outside)
	if !report.OK {
		t.Fatalf("a sound record: %+v", report.Findings)
	}
	return report
}

// tamper runs statements as one who holds the file and no key.
func (r *rig) tamper(t tester, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := r.intruder.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// latest is the newest checkpoint, taken elsewhere.
func (r *rig) latest(t tester) []byte {
	t.Helper()
	doc, err := audit.Latest(context.Background(), r.DB)
	ok(t, err)
	return doc
}
