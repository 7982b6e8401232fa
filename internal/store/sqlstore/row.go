package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// row takes the columns of a First in their order. A null is the zero value; a
// value of another type is an error, told at the end.
type row struct {
	values []driver.Value
	err    error
}

// scanRow is the present row of a list.
func scanRow(rows *sql.Rows) (*row, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	r := &row{values: make([]driver.Value, len(columns))}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = (*any)(&r.values[i])
	}
	return r, rows.Scan(into...)
}

func (r *row) next() driver.Value {
	if len(r.values) == 0 {
		r.err = fmt.Errorf("a row is short of a column")
		return nil
	}
	v := r.values[0]
	r.values = r.values[1:]
	return v
}

// null says whether the next column is one, and does not take it.
func (r *row) null() bool { return len(r.values) == 0 || r.values[0] == nil }

func (r *row) text() string { return column[string](r) }

func (r *row) number() int64 { return column[int64](r) }

func (r *row) flag() bool { return r.isFlag(r.number()) }

func (r *row) isFlag(n int64) bool {
	if n>>1 != 0 && r.err == nil {
		r.err = fmt.Errorf("a flag is %d", n)
	}
	return n != 0
}

func (r *row) bytes() []byte { return column[[]byte](r) }

func column[T any](r *row) (out T) {
	v := r.next()
	if v == nil {
		return out
	}
	out, ok := v.(T)
	if !ok && r.err == nil {
		r.err = fmt.Errorf("a column holds a %T, not a %T", v, out)
	}
	return out
}

// sep is what stands between the columns that a query packs into one: for the
// driver a column costs several times what its content does. No text of ours
// holds it; a row in which a damaged one does is found by its sum.
const sep = "\x1f"

// packed takes columns that a query put into one, in their order.
type packed struct {
	text string
	row  *row
}

func (r *row) packed() packed { return packed{r.text(), r} }

// empty is the pack of a row that a join did not find.
func (p *packed) empty() bool { return p.text == "" }

func (p *packed) word() string {
	var word string
	word, p.text, _ = strings.Cut(p.text, sep)
	return word
}

func (p *packed) number() int64 {
	n, err := strconv.ParseInt(p.word(), 10, 64)
	if err != nil && p.row.err == nil {
		p.row.err = fmt.Errorf("packed columns hold no number where one should be")
	}
	return n
}

func (p *packed) flag() bool { return p.row.isFlag(p.number()) }
