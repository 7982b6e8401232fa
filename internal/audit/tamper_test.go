package audit_test

import (
	"fmt"
	"testing"
)

// tables are the sealed record: what lies in it and by what a row is named.
func tables(t *testing.T, r *rig) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range []string{"event", "event_seal", "event_chain", "event_checkpoint"} {
		rows, err := r.intruder.Query(`select name from pragma_table_info('` + table + `')`)
		ok(t, err)
		for rows.Next() {
			var column string
			ok(t, rows.Scan(&column))
			if table != "event_chain" || column != "id" { // there is one row, and its id is always 1
				out[table] = append(out[table], column)
			}
		}
		ok(t, rows.Err())
		rows.Close()
	}
	return out
}

// TestEveryByte changes every byte of every column of every row of the sealed
// record, one at a time.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0)
	for range 2 {
		r.sealed(t, 2)
		r.pointed(t)
	}
	tried := 0
	for table, columns := range tables(t, r) {
		for _, column := range columns {
			tried += everyByteOf(t, r, table, column)
		}
	}
	r.sound(t, nil) // all is as it was
	t.Logf("%d changes", tried)
	if tried < 1000 {
		t.Errorf("%d changes were tried", tried)
	}
}

func everyByteOf(t *testing.T, r *rig, table, column string) (tried int) {
	t.Helper()
	rows, err := r.intruder.Query(fmt.Sprintf(`select rowid, typeof(%[1]s), hex(%[1]s), %[1]s from %[2]s`, column, table))
	ok(t, err)
	type cell struct {
		row       int64
		kind, hex string
		value     any
	}
	var cells []cell
	for rows.Next() {
		var c cell
		ok(t, rows.Scan(&c.row, &c.kind, &c.hex, &c.value))
		cells = append(cells, c)
	}
	ok(t, rows.Err())
	rows.Close()
	for _, c := range cells {
		for _, other := range others(c.kind, c.hex, c.value) {
			change(t, r, table, column, c.row, c.value, other)
			tried++
		}
	}
	return tried
}

// others are the values that differ from one in a byte, or in their length.
func others(kind, hexed string, value any) (out []string) {
	if kind == "integer" {
		for shift := range 8 {
			out = append(out, fmt.Sprint(value.(int64)^(int64(1)<<(8*shift))))
		}
		return out
	}
	literal := func(b []byte) string { return fmt.Sprintf("cast(x'%x' as %s)", b, kind) }
	b := unhex(hexed)
	for i := range b {
		o := append([]byte(nil), b...)
		o[i] ^= 1 << (i % 8)
		out = append(out, literal(o))
	}
	if len(b) > 0 {
		out = append(out, literal(b[1:]), literal(b[:len(b)-1]))
	}
	return append(out, literal(append([]byte(nil), append(b, 0)...)))
}

func unhex(s string) []byte {
	var b []byte
	_, _ = fmt.Sscanf(s, "%x", &b)
	return b
}

// change puts another value in a place, looks whether that is found, and puts
// the old one back.
func change(t *testing.T, r *rig, table, column string, row int64, old any, other string) {
	t.Helper()
	set := func(value string, at any, args ...any) bool {
		_, err := r.intruder.Exec(fmt.Sprintf(`update %s set %s = %s where rowid = %v`, table, column, value, at), args...)
		return err == nil
	}
	if !set(other, row) {
		return // the schema refuses it: two rows of one number
	}
	at := any(row)
	if column == "seq" || column == "to_row" || column == "number" { // the row's own number
		at = other
	}
	if r.verify(t, nil).OK {
		t.Errorf("%s of row %d of %s: %v became %s, and nothing was found", column, row, table, old, other)
	}
	if !set("$1", at, old) {
		t.Fatalf("%s of row %d of %s could not be put back", column, row, table)
	}
}
