package sqlstore

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// sweepStep bounds the rows one transaction looks at, so that sweeping never
// holds up a login.
const sweepStep = 32

// Sweep deletes what nobody can ask for any more as of now (Unix ms): sessions
// with their client sessions, families, feed entries and failure rows, until
// about limit rows are gone. It returns how many; fewer than limit means that
// nothing is left. Each step is its own transaction. Events leave with their
// seals: see DropSealed.
func (s *Store) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	steps := []func(Tx, int64, int) (swept, error){
		s.sweepSessions, s.sweepFamilies, s.sweepRevocations, s.sweepFailureRows, sweepStage,
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
	good   bool // its sum is right
}

// again is when a damaged row is looked at the next time, in ms: it is not
// deleted, for nobody knows whether it should be.
const again = 24 * 3600 * 1000

// sweepSessions deletes due sessions. Refreshing moves dead_at alone, since
// moving an indexed column at each refresh would cost it more pages to write:
// so a due row may be alive, and then is only due again later.
func (s *Store) sweepSessions(tx Tx, now int64, n int) (swept, error) {
	return sweepDue(tx, now, n, func(r *row) mortal {
		id, last, dead, sum := r.text(), r.number(), r.number(), r.number()
		return mortal{id, dead, r.err == nil && s.sums.check(tableSession, id, sum, s.sums.sessionTouch(id, last, dead)) == nil}
	}, `select id, last_refresh, dead_at, touch_sum from user_session where sweep_at <= $1 order by sweep_at limit $2`,
		`update user_session set sweep_at = $2 where id = $1`,
		`delete from client_session where session_id = $1`,
		`delete from user_session where id = $1`)
}

func (s *Store) sweepFamilies(tx Tx, now int64, n int) (swept, error) {
	return sweepDue(tx, now, n, func(r *row) mortal {
		id, dead, sum := r.text(), r.number(), r.number()
		return mortal{id, dead, r.err == nil && s.sums.check(tableFamily, id, sum, s.sums.familyTouch(id, dead)) == nil}
	}, `select id, dead_at, touch_sum from token_family where sweep_at <= $1 order by sweep_at limit $2`,
		`update token_family set sweep_at = $2 where id = $1`,
		`delete from token_family where id = $1`)
}

func sweepDue(tx Tx, now int64, n int, take func(*row) mortal, due, later string, remove ...string) (swept, error) {
	rows, err := all(tx, scanRow, due, now, n)
	done := swept{looked: len(rows)}
	if err != nil {
		return done, err
	}
	for _, r := range rows {
		m := take(r)
		next := sweepAt(m.deadAt)
		if !m.good {
			next = now + again
		}
		if next > now {
			if _, err := tx.Exec(later, m.id, next); err != nil {
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

// sweepRevocations tells of the deleted alone: a damaged entry stays, and is
// looked at each time.
func (s *Store) sweepRevocations(tx Tx, now int64, n int) (done swept, err error) {
	rows, err := all(tx, scanRow, `select `+revocationColumns+` from revocation where until_at < $1 order by until_at limit $2`, now, n)
	if err != nil {
		return done, err
	}
	for _, r := range rows {
		entry, err := s.fillRevocation(r)
		if err != nil {
			continue
		}
		if _, err := tx.Exec(`delete from revocation where seq = $1`, entry.Seq); err != nil {
			return done, err
		}
		done.looked, done.deleted = done.looked+1, done.deleted+1
	}
	return done, nil
}

// sweepFailureRows judges by the row, since its sweep_at is in no sum.
func (s *Store) sweepFailureRows(tx Tx, now int64, n int) (swept, error) {
	rows, err := all(tx, scanRow, `select realm_id, name_key, `+failureColumns+`
		from login_failure where sweep_at <= $1 order by sweep_at limit $2`, now, n)
	done := swept{looked: len(rows)}
	if err != nil {
		return done, err
	}
	for _, r := range rows {
		realm, key := r.text(), r.bytes()
		f, err := s.fillFailures(realm, string(key), r)
		next := now + again
		if err == nil {
			next = lastsUntil(&f)
		}
		if next > now {
			_, err = tx.Exec(`update login_failure set sweep_at = $3 where realm_id = $1 and name_key = $2`, realm, key, next)
		} else {
			_, err = tx.Exec(`delete from login_failure where realm_id = $1 and name_key = $2`, realm, key)
			done.deleted++
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// lastsUntil is when a failure row may be deleted at the earliest, as far as
// it says.
func lastsUntil(f *iam.Failures) int64 {
	if f.Locked {
		return never
	}
	last := max(f.LastAt, f.WaitUntil)
	for _, r := range f.Reservations {
		last = max(last, r.At)
	}
	if last == 0 {
		return 0
	}
	return last + keepFailures
}
