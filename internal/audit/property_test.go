package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/audit"
)

var sealedTables = []string{"event", "event_seal", "event_chain", "event_checkpoint"}

// TestAnyTampering lets a record grow and shrink at random, tampers with it in
// one or several ways, and asks that it be found; what changed nothing must not
// be.
func TestAnyTampering(t *testing.T) {
	t.Parallel()
	r := newRig(t, 30*time.Second)
	r.history(t)
	rapid.Check(t, func(t *rapid.T) {
		grow(t, r)
		outside := r.latest(t)
		r.sound(t, outside)
		r.keep(t)
		defer r.restore(t)
		before := r.dump(t)
		var done []string
		for range rapid.IntRange(1, 3).Draw(t, "ways") {
			done = append(done, rapid.SampledFrom(ways).Draw(t, "way")(t, r)...)
		}
		for _, q := range done {
			_, _ = r.intruder.Exec(q) // refused by the schema: nothing was done
		}
		report := r.verify(t, outside)
		if changed := r.dump(t) != before; changed == report.OK {
			t.Fatalf("changed %v, found %+v, after\n%s", changed, report.Findings, strings.Join(done, "\n"))
		}
	})
}

// grow goes on with the record as a server does.
func grow(t *rapid.T, r *rig) {
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		switch rapid.IntRange(0, 3).Draw(t, "step") {
		case 0, 1:
			r.sealed(t, rapid.IntRange(1, 4).Draw(t, "rows"))
		case 2:
			r.pointed(t)
		case 3:
			r.clock.ms.Add(1000)
			ok(t, r.sealer.Drop(t.Context()))
		}
	}
	r.sealed(t, 3)
	r.pointed(t)
}

// ways are what an intruder may do, as statements.
var ways = []func(*rapid.T, *rig) []string{
	func(t *rapid.T, r *rig) []string { // another value
		column := rapid.SampledFrom([]string{"id", "realm_id", "type", "client_id", "user_id", "session_id", "address", "error", "details"}).Draw(t, "column")
		value := rapid.StringMatching(`[a-z'{}"]{0,3}`).Draw(t, "value")
		return []string{fmt.Sprintf(`update event set %s = '%s' where seq = %d`, column, strings.ReplaceAll(value, "'", "''"), r.row(t))}
	},
	func(t *rapid.T, r *rig) []string { // another time
		return []string{fmt.Sprintf(`update event set at = at + %d where seq = %d`, rapid.IntRange(-2, 2).Draw(t, "ms"), r.row(t))}
	},
	func(t *rapid.T, r *rig) []string { // a row gone
		return []string{fmt.Sprintf(`delete from event where seq = %d`, r.row(t))}
	},
	func(t *rapid.T, r *rig) []string { // a row copied, or moved into a gap
		from, to := r.row(t), r.row(t)
		return []string{fmt.Sprintf(`delete from event where seq = %d`, to),
			fmt.Sprintf(`insert into event select %d, id, at, realm_id, type, client_id, user_id, session_id, address, error, details
				from event where seq = %d`, to, from)}
	},
	func(t *rapid.T, r *rig) []string { return swapped("event", "seq", r.row(t), r.row(t)) },
	func(t *rapid.T, r *rig) []string { return swapped("event_seal", "to_row", r.row(t), r.row(t)) },
	func(t *rapid.T, r *rig) []string { // MACs changed places
		a, b := r.row(t), r.row(t)
		return []string{fmt.Sprintf(`update event_seal set mac = coalesce((select o.mac from event_seal o
			where o.to_row in (%[1]d, %[2]d) and o.to_row <> event_seal.to_row), mac) where to_row in (%[1]d, %[2]d)`, a, b)}
	},
	func(t *rapid.T, r *rig) []string { // the end cut off, here or there
		n := r.row(t)
		var out []string
		for _, q := range []string{`delete from event where seq > %d`, `delete from event_seal where to_row > %d`, `delete from event_checkpoint where row > %d`} {
			if rapid.Bool().Draw(t, "cut") {
				out = append(out, fmt.Sprintf(q, n))
			}
		}
		return out
	},
	func(t *rapid.T, r *rig) []string { // the beginning cut off
		n := r.row(t)
		return []string{fmt.Sprintf(`delete from event where seq <= %d`, n), fmt.Sprintf(`delete from event_seal where to_row <= %d`, n)}
	},
	func(t *rapid.T, r *rig) []string { // a seal merged into the next
		n := r.row(t)
		return []string{fmt.Sprintf(`delete from event_seal where to_row = %d`, n),
			fmt.Sprintf(`update event_seal set from_row = (select max(o.to_row) + 1 from event_seal o where o.to_row < event_seal.to_row)
				where from_row = %d and from_row > 1`, n+1)}
	},
	func(t *rapid.T, r *rig) []string { // the chain as it was, or as it suits
		return []string{rapid.SampledFrom([]string{
			`update event_chain set head_row = (select max(to_row) from event_seal), head_mac = (select mac from event_seal order by to_row desc limit 1)`,
			`update event_chain set first_point = first_point + 1`, `update event_chain set last_point = last_point - 1`,
			`update event_chain set base_row = base_row + 1`, `delete from event_chain`,
		}).Draw(t, "chain")}
	},
	func(t *rapid.T, r *rig) []string { // checkpoints
		return []string{rapid.SampledFrom([]string{
			`delete from event_checkpoint where number = (select max(number) from event_checkpoint)`,
			`delete from event_checkpoint where number = (select min(number) from event_checkpoint)`,
			`update event_checkpoint set number = number + 1 where number = (select max(number) from event_checkpoint)`,
			`update event_checkpoint set row = row - 1 where number = (select max(number) from event_checkpoint)`,
			`update event_checkpoint set doc = doc || ' '`,
		}).Draw(t, "checkpoint")}
	},
}

func swapped(table, key string, a, b int64) []string {
	if a == b {
		return nil
	}
	return []string{
		fmt.Sprintf(`update %s set %s = -7 where %s = %d`, table, key, key, a),
		fmt.Sprintf(`update %s set %s = %d where %s = %d`, table, key, a, key, b),
		fmt.Sprintf(`update %s set %s = %d where %s = -7`, table, key, b, key),
	}
}

// row draws a sealed row.
func (r *rig) row(t *rapid.T) int64 {
	chain, err := r.Chain(t.Context())
	if err != nil {
		return 1 // the chain is gone already
	}
	return rapid.Int64Range(chain.BaseRow+1, chain.HeadRow).Draw(t, "row")
}

// keep puts the record aside, and restore puts it back.
func (r *rig) keep(t tester) {
	t.Helper()
	for _, table := range sealedTables {
		r.tamper(t, `drop table if exists temp.kept_`+table, `create temp table kept_`+table+` as select * from main.`+table)
	}
}

func (r *rig) restore(t tester) {
	t.Helper()
	for _, table := range sealedTables {
		r.tamper(t, `delete from main.`+table, `insert into main.`+table+` select * from temp.kept_`+table)
	}
}

// dump is the whole record as text.
func (r *rig) dump(t tester) string {
	t.Helper()
	var b strings.Builder
	for _, table := range sealedTables {
		rows, err := r.intruder.Query(`select * from ` + table + ` order by 1`)
		ok(t, err)
		columns, err := rows.Columns()
		ok(t, err)
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			ok(t, rows.Scan(into...))
			fmt.Fprintf(&b, "%s %#v\n", table, values)
		}
		ok(t, rows.Err())
		rows.Close()
	}
	return b.String()
}

// TestOutsideIsRead holds the parser of checkpoints to its errors.
func TestOutsideIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	r.history(t)
	doc := string(r.latest(t))
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"as it is":       {doc, nil},
		"laid out anew":  {strings.Join(strings.Fields(doc), " "), nil},
		"another row":    {strings.Replace(doc, `"row": 8`, `"row": 9`, 1), audit.ErrForeign},
		"another key":    {strings.Replace(doc, `"key": "`, `"key": "AAAA`, 1), audit.ErrForeign},
		"no signature":   {doc[:strings.Index(doc, `,`+"\n"+`  "signature"`)] + "}", audit.ErrForeign},
		"a member more":  {strings.Replace(doc, `{`, `{"x": 1,`, 1), audit.ErrMalformed},
		"a later format": {strings.Replace(doc, `"version": 1`, `"version": 2`, 1), audit.ErrMalformed},
		"cut":            {doc[:len(doc)/2], audit.ErrMalformed},
		"followed":       {doc + "{}", audit.ErrMalformed},
		"nothing":        {"", audit.ErrMalformed},
		"huge":           {doc + strings.Repeat(" ", 5000), audit.ErrMalformed},
	} {
		_, err := audit.ReadCheckpoint([]byte(c.doc), r.keys.Public())
		if c.want == nil && err != nil || c.want != nil && !isErr(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
