package sqlstore

import (
	"context"
	"database/sql"
)

const (
	// keepEvents is how long events are kept, in ms: 90 days.
	keepEvents = 90 * 24 * 3600 * 1000
	// sweepStep bounds the rows one transaction looks at, so that sweeping
	// never holds up a login.
	sweepStep = 32
)

// Sweep deletes what nobody can ask for any more as of now (Unix ms): sessions
// with their client sessions, families, feed entries, failure rows and events,
// until about limit rows are gone. It returns how many; fewer than limit means
// that nothing is left. Each step is its own transaction.
func (s *Store) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	steps := []func(Tx, int64, int) (swept, error){
		sweepSessions, sweepFamilies, sweepRevocations, sweepFailureRows, sweepEvents,
	}
	total := 0
	for _, step := range steps {
		for total < limit {
			n := min(sweepStep, limit-total)
			did, err := write(ctx, s.db, func(tx Tx) (swept, error) { return step(tx, now, n) })
			if err != nil {
				return total, err
			}
			total += did.deleted
			if did.looked < n {
				break
			}
		}
	}
	return total, nil
}

// swept is what one step did: rows looked at, rows deleted.
type swept struct{ looked, deleted int }

// mortal is a row that is due to be looked at.
type mortal struct {
	id     string
	deadAt int64
}

func scanMortal(rows *sql.Rows) (m mortal, err error) { return m, rows.Scan(&m.id, &m.deadAt) }

// sweepSessions deletes due sessions. Refreshing moves dead_at alone, since
// moving an indexed column at each refresh would cost it more pages to write:
// so a due row may be alive, and then is only due again later.
func sweepSessions(tx Tx, now int64, n int) (swept, error) {
	return sweepDue(tx, now, n,
		`select id, dead_at from user_session where sweep_at <= $1 order by sweep_at limit $2`,
		`update user_session set sweep_at = $2 where id = $1`,
		`delete from client_session where session_id = $1`,
		`delete from user_session where id = $1`)
}

func sweepFamilies(tx Tx, now int64, n int) (swept, error) {
	return sweepDue(tx, now, n,
		`select id, dead_at from token_family where sweep_at <= $1 order by sweep_at limit $2`,
		`update token_family set sweep_at = $2 where id = $1`,
		`delete from token_family where id = $1`)
}

func sweepDue(tx Tx, now int64, n int, due, again string, remove ...string) (swept, error) {
	rows, err := all(tx, scanMortal, due, now, n)
	done := swept{looked: len(rows)}
	if err != nil {
		return done, err
	}
	for _, m := range rows {
		if m.deadAt == 0 || m.deadAt > now {
			if _, err := tx.Exec(again, m.id, sweepAt(m.deadAt)); err != nil {
				return done, err
			}
			continue
		}
		for _, query := range remove {
			if _, err := tx.Exec(query, m.id); err != nil {
				return done, err
			}
		}
		done.deleted++
	}
	return done, nil
}

func sweepRevocations(tx Tx, now int64, n int) (swept, error) {
	return sweepAll(tx, `delete from revocation where seq in
		(select seq from revocation where until_at < $1 order by until_at limit $2)`, now, n)
}

func sweepFailureRows(tx Tx, now int64, n int) (swept, error) {
	return sweepAll(tx, `delete from login_failure where (realm_id, name_key) in
		(select realm_id, name_key from login_failure where sweep_at <= $1 order by sweep_at limit $2)`, now, n)
}

// sweepEvents looks at the oldest rows only: events are numbered about in the
// order of their times, and so need no index on it.
func sweepEvents(tx Tx, now int64, n int) (swept, error) {
	return sweepAll(tx, `delete from event where seq in
		(select seq from (select seq, at from event order by seq limit $2) as oldest where at < $1)`, now-keepEvents, n)
}

func sweepAll(tx Tx, query string, now int64, n int) (swept, error) {
	deleted, err := tx.Exec(query, now, n)
	return swept{looked: int(deleted), deleted: int(deleted)}, err
}
