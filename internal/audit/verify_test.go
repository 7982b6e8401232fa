package audit_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

func TestVerifySaysHowFarTheSealReaches(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	if diff := cmp.Diff(audit.Report{OK: true, FromRow: 1, Findings: []audit.Finding{}}, r.sound(t, nil)); diff != "" {
		t.Errorf("an empty record (-want +got):\n%s", diff)
	}
	r.history(t)
	want := audit.Report{OK: true, Events: 10, Seals: 4, Checkpoints: 3, FromRow: 1, SealedToRow: 10, SealedAt: start + 6000,
		Unsealed: 1, Outside: audit.OutsideMatches, Findings: []audit.Finding{}}
	if diff := cmp.Diff(want, r.sound(t, r.latest(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTampering is what an intruder may try, in words; TestEveryByte and
// TestAnyTampering try everything.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		queries []string
		kind    audit.Kind
		from    int64
		to      int64
	}{
		"a changed row":              {[]string{`update event set address = '192.0.2.2' where seq = 5`}, audit.Changed, 5, 8},
		"a removed row":              {[]string{`delete from event where seq = 2`}, audit.Missing, 1, 3},
		"a row put between":          {[]string{`update event set seq = -1 where seq = 4`, `delete from event where seq = 6`, `update event set seq = 6 where seq = -1`}, audit.Missing, 4, 4},
		"two rows swapped":           {[]string{`update event set seq = -1 where seq = 6`, `update event set seq = 6 where seq = 7`, `update event set seq = 7 where seq = -1`}, audit.Changed, 5, 8},
		"a row before the beginning": {[]string{`insert into event select 0, id, at, realm_id, type, client_id, user_id, session_id, address, error, details from event where seq = 1`}, audit.Added, 0, 0},
		"the last events cut off":    {[]string{`delete from event where seq > 8`}, audit.Missing, 9, 10},
		"events and seals cut off":   {[]string{`delete from event where seq > 8`, `delete from event_seal where to_row > 8`}, audit.Truncated, 9, 10},
		"everything cut off":         {[]string{`delete from event`, `delete from event_seal`, `delete from event_checkpoint`}, audit.Truncated, 1, 10},
		"a seal taken out":           {[]string{`delete from event where seq = 4`, `delete from event_seal where to_row = 4`}, audit.Missing, 4, 8},
		"a seal's own MAC":           {[]string{`update event_seal set mac = zeroblob(32) where to_row = 4`}, audit.Changed, 4, 4},
		"a seal put behind":          {[]string{`insert into event_seal select 11, 11, at, 1, mac from event_seal where to_row = 10`}, audit.Added, 11, 11},
		"a seal put before":          {[]string{`insert into event_seal select 0, 0, at, 1, mac from event_seal where to_row = 10`}, audit.Added, 0, 0},
		"a checkpoint taken out":     {[]string{`delete from event_checkpoint where number = 2`}, audit.Pointed, 0, 0},
		"the last checkpoint gone":   {[]string{`delete from event_checkpoint where number = 3`}, audit.Pointed, 0, 0},
		"a checkpoint twice":         {[]string{`insert into event_checkpoint select 4, row, at, doc, signature from event_checkpoint where number = 3`}, audit.Pointed, 0, 0},
		"a checkpoint before":        {[]string{`insert into event_checkpoint select 0, row, at, doc, signature from event_checkpoint where number = 3`}, audit.Pointed, 0, 0},
		"the chain gone":             {[]string{`delete from event_chain`}, audit.Chained, 0, 0},
		"the chain begun later":      {[]string{`update event_chain set base_row = 3, base_mac = (select mac from event_seal where to_row = 3)`, `delete from event where seq <= 3`, `delete from event_seal where to_row = 3`}, audit.Chained, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 0)
			r.history(t)
			r.tamper(t, c.queries...)
			report := r.verify(t, nil)
			if len(report.Findings) == 0 {
				t.Fatal("nothing was found")
			}
			if f := report.Findings[0]; f.Kind != c.kind || f.FromRow != c.from || f.ToRow != c.to || f.Text == "" {
				t.Errorf("%+v, want %s %d to %d", report.Findings, c.kind, c.from, c.to)
			}
		})
	}
}

// TestAChangeIsFoundWhereItIs: one changed seal does not put the rest in doubt.
func TestAChangeIsFoundWhereItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	for range 20 {
		r.sealed(t, 5)
	}
	r.tamper(t, `update event set type = 'LOGOUT' where seq = 33`, `update event_seal set mac = zeroblob(32) where to_row = 70`)
	var got [][2]int64
	for _, f := range r.verify(t, nil).Findings {
		got = append(got, [2]int64{f.FromRow, f.ToRow})
	}
	if diff := cmp.Diff([][2]int64{{31, 35}, {66, 70}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// copyOf is the database as it is now.
func (r *rig) copyOf(t testing.TB) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	r.tamper(t, `vacuum into '`+to+`'`)
	return to
}

// putBack replaces the database by a copy.
func (r *rig) putBack(t testing.TB, from string, retention time.Duration) {
	t.Helper()
	r.shut(t)
	b, err := os.ReadFile(from)
	ok(t, err)
	for _, suffix := range []string{"-wal", "-shm"} {
		os.Remove(filepath.Join(r.dir, sqlite.File+suffix))
	}
	ok(t, os.WriteFile(filepath.Join(r.dir, sqlite.File), b, 0o600))
	r.open(t, retention)
}

func TestAnOlderCopyIsFoundByACheckpointKeptElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	r.history(t)
	old := r.copyOf(t)
	r.sealed(t, 2)
	r.pointed(t)
	kept := r.latest(t)
	r.sound(t, kept)

	r.putBack(t, old, 0)
	r.sound(t, nil) // nothing inside can tell
	report := r.verify(t, kept)
	if report.OK || report.Outside != audit.OutsideDiffers || report.Findings[0].Kind != audit.Truncated {
		t.Errorf("an older copy: %+v", report)
	}
	r.sealed(t, 9) // and when the record has gone on beyond it
	r.pointed(t)
	r.sealed(t, 9)
	r.pointed(t)
	report = r.verify(t, kept)
	if report.OK || report.Outside != audit.OutsideDiffers {
		t.Errorf("an older copy that went on: %+v", report)
	}
}

func TestAnotherStoreIsFoundByACheckpointKeptElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	r.history(t)
	report, err := audit.Verify(t.Context(), r.DB, audit.NewKeys([]byte("of another store")), r.latest(t))
	ok(t, err)
	if report.OK || report.Outside != audit.OutsideDiffers {
		t.Errorf("under another root key: %+v", report)
	}
}

// writing calls between at each page that is read: a server that goes on.
type writing struct {
	audit.Reader
	between func()
}

func TestVerifyBesideASealerAndItsRetention(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Minute)
	for range 12 {
		r.sealed(t, 3)
		r.pointed(t)
		r.clock.ms.Add(8000)
	}
	n := 0
	beside := &writing{r.DB, func() {
		if n++; n > 30 {
			return
		}
		r.sealed(t, 2)
		r.pointed(t)
		r.clock.ms.Add(3000)
		ok(t, r.sealer.Drop(t.Context()))
	}}
	report, err := audit.Verify(t.Context(), beside, r.keys, nil)
	ok(t, err)
	if !report.OK || n < 30 {
		t.Errorf("after %d interruptions: %+v", n, report)
	}
	if r.sound(t, nil).FromRow == 1 {
		t.Error("nothing was dropped")
	}
}
