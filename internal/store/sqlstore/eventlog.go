package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// near is how many rows around a moment are looked at for where it begins in
// the order of commits. Events commit about in the order of their times, except
// where a clock was set back.
const near = 10_000

// FindEvents is one page of events. A user's events and an error_id are found
// by an index, a time by one too; other searches read the rows between the
// bounds until the page is full.
func (s *Store) FindEvents(ctx context.Context, q iam.EventQuery) ([]iam.Event, error) {
	for _, text := range []string{q.RealmID, q.UserID, q.ClientID, q.Type, q.Error, q.ID, q.SessionID} {
		if !storable(text) {
			return nil, nil
		}
	}
	var out []iam.Event
	err := s.db.Snapshot(ctx, func(tx Tx) error {
		w := where{first: q.AfterRow + 1, last: math.MaxInt64}
		if q.BeforeRow != 0 {
			w.last = q.BeforeRow - 1
		}
		if found, err := w.times(tx, q.From, q.To); err != nil || !found {
			return err
		}
		w.columns(q)
		order := "seq"
		if q.Newest {
			order = "seq desc"
		}
		w.args = append(w.args, w.first, w.last, q.Limit)
		n := len(w.args)
		var err error
		out, err = all(tx, scanEvent, fmt.Sprintf(`select seq, id, at, realm_id, type, client_id, user_id, session_id, address, error, details
			from event where seq >= $%d and seq <= $%d%s order by %s limit $%d`, n-2, n-1, w.text.String(), order, n), w.args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// where collects the conditions of a search. A database narrows a walk by one
// lower and one upper bound of the row only, so they are made one here.
type where struct {
	first, last int64
	text        strings.Builder
	args        []any
}

// and adds a condition that ends before its argument.
func (w *where) and(condition string, arg any) {
	w.args = append(w.args, arg)
	fmt.Fprintf(&w.text, " and %s $%d", condition, len(w.args))
}

// columns adds what a query says of the columns.
func (w *where) columns(q iam.EventQuery) {
	for _, c := range [...]struct{ condition, value string }{
		{"realm_id =", q.RealmID}, {"user_id <> '' and user_id =", q.UserID}, {"client_id =", q.ClientID},
		{"type =", q.Type}, {"error =", q.Error}, {"error <> '' and id =", q.ID}, {"session_id =", q.SessionID},
	} {
		if c.value != "" {
			w.and(c.condition, c.value)
		}
	}
}

// times adds the bounds of time, as bounds of rows too; found is false when no
// row lies within. The plus keeps the database from walking the index of times,
// which is not the order of the page.
func (w *where) times(tx Tx, from, to int64) (found bool, err error) {
	var row sql.NullInt64
	if from != 0 {
		err := tx.QueryRow(`select min(seq) from
			(select seq from event where at >= $1 order by at limit $2) as near`, from, near).Scan(&row)
		if err != nil || !row.Valid {
			return false, err
		}
		w.first = max(w.first, row.Int64)
		w.and("+at >=", from)
	}
	if to != 0 {
		err := tx.QueryRow(`select max(seq) from
			(select seq from event where at <= $1 order by at desc limit $2) as near`, to, near).Scan(&row)
		if err != nil || !row.Valid {
			return false, err
		}
		w.last = min(w.last, row.Int64)
		w.and("+at <=", to)
	}
	return true, nil
}

// EventRows are the events of all realms as they lie in the store, from the
// first one after afterRow, at most limit, in the order of their commits.
func (s *Store) EventRows(ctx context.Context, afterRow int64, limit int) ([]iam.EventRow, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.EventRow, error) {
		var (
			values [11]any
			into   [11]any
			buf    []byte
		)
		for i := range values {
			into[i] = &values[i]
		}
		return all(tx, func(rows *sql.Rows) (r iam.EventRow, err error) {
			if err := rows.Scan(into[:]...); err != nil {
				return r, err
			}
			begin := len(buf)
			for _, v := range values {
				if buf, err = appendColumn(buf, v); err != nil {
					return r, err
				}
			}
			r.Row, _ = values[0].(int64)
			r.At, _ = values[2].(int64)
			r.Bytes = buf[begin:len(buf):len(buf)]
			return r, nil
		}, `select seq, id, at, realm_id, type, client_id, user_id, session_id, address, error, details
			from event where seq > $1 order by seq limit $2`, afterRow, limit)
	})
}

// appendColumn appends a column with its kind and its length.
func appendColumn(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, 'n'), nil
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v)), nil
	case string:
		b = binary.BigEndian.AppendUint32(append(b, 't'), uint32(len(v)))
		return append(b, v...), nil
	case []byte:
		b = binary.BigEndian.AppendUint32(append(b, 'b'), uint32(len(v)))
		return append(b, v...), nil
	default:
		return nil, fmt.Errorf("a column holds a %T", v)
	}
}

// EventBounds are the first and the last row of the events.
func (s *Store) EventBounds(ctx context.Context) (iam.EventBounds, error) {
	return read(ctx, s.db, func(tx Tx) (b iam.EventBounds, err error) {
		var first, last sql.NullInt64
		err = tx.QueryRow(`select (select min(seq) from event), (select max(seq) from event)`).Scan(&first, &last)
		b.First, b.Last = first.Int64, last.Int64
		if !first.Valid {
			b.First = math.MaxInt64
		}
		return b, err
	})
}

// CountEvents counts the events of all realms after a row.
func (s *Store) CountEvents(ctx context.Context, afterRow int64) (int64, error) {
	return read(ctx, s.db, func(tx Tx) (n int64, err error) {
		err = tx.QueryRow(`select count(*) from event where seq > $1`, afterRow).Scan(&n)
		return n, err
	})
}
