package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
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

func (r *row) flag() bool {
	n := r.number()
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
