package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// How long failure rows are kept after the last write or the end of their
// wait, in ms. A row in force outlives any pace at which guessing would pay; a
// cleared one outlives every request that still holds its revision.
const (
	keepFailures = 30 * 24 * 3600 * 1000
	keepCleared  = 3600 * 1000
)

// Failures reads the failure row of a key with the store's time (Unix ms); the
// zero value when there is none. A cleared row has a Rev and nothing else.
func (s *Store) Failures(ctx context.Context, realmID, key string) (f iam.Failures, at int64, err error) {
	type found struct {
		f  iam.Failures
		at int64
	}
	out, err := read(ctx, s.db, func(tx Tx) (found, error) {
		at := tx.Now()
		values, err := tx.First(`select `+failureColumns+`
			from login_failure where realm_id = $1 and name_key = $2`, realmID, []byte(key))
		if errors.Is(err, sql.ErrNoRows) {
			return found{at: at}, nil
		}
		if err != nil {
			return found{}, err
		}
		f, err := s.fillFailures(realmID, key, &row{values: values})
		return found{f, at}, err
	})
	return out.f, out.at, err
}

const failureColumns = `failures, last_at, wait_until, lockouts, locked, last_tag, reservations, rev, sum`

// fillFailures takes failureColumns.
func (s *Store) fillFailures(realmID, key string, r *row) (iam.Failures, error) {
	f := iam.Failures{
		Count: int(r.number()), LastAt: r.number(), WaitUntil: r.number(), Lockouts: int(r.number()),
		Locked: r.flag(), LastTag: r.bytes(),
	}
	open := r.text()
	f.Rev = r.number()
	sum := r.number()
	if r.err != nil {
		return f, s.sums.broken(tableFailures, failureRow(realmID, key), r.err)
	}
	err := s.sums.check(tableFailures, failureRow(realmID, key), sum, s.sums.failures(realmID, key, &f, open))
	if err != nil || open == "" {
		return f, err
	}
	return f, decode("reservations", open, &f.Reservations)
}

// failureRow names a failure row; the key may be no text.
func failureRow(realmID, key string) string { return realmID + "/" + hex.EncodeToString([]byte(key)) }

// ReplaceFailures writes next where prev.Rev is still the row's revision (0:
// no row), raising it by one. iam.ErrStale: it is not.
func (s *Store) ReplaceFailures(ctx context.Context, realmID, key string, prev, next iam.Failures, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	var open string
	if len(next.Reservations) > 0 {
		if open, err = encode(next.Reservations); err != nil {
			return err
		}
	}
	query := `update login_failure set failures = $3, last_at = $4, wait_until = $5, lockouts = $6, locked = $7,
			last_tag = $8, reservations = $9, sweep_at = $10, rev = rev + 1, sum = $12
		where realm_id = $1 and name_key = $2 and rev = $11`
	if prev.Rev == 0 {
		query = `insert into login_failure (realm_id, name_key, failures, last_at, wait_until, lockouts, locked,
				last_tag, reservations, sweep_at, rev, sum)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 + 1, $12) on conflict do nothing`
	}
	tag := append([]byte(nil), next.LastTag...)
	next.Rev = prev.Rev + 1
	sum := s.sums.failures(realmID, key, &next, open)
	next.LastTag, next.Reservations = nil, nil // not to be read once the caller may go on
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(query, realmID, []byte(key), next.Count, next.LastAt, next.WaitUntil, next.Lockouts,
			flag(next.Locked), tag, open, sweepFailures(tx.Now(), next, open), prev.Rev, sum)
		if err := must(n, err, iam.ErrStale); err != nil {
			return err
		}
		return record.insert(tx)
	})
}

func sweepFailures(now int64, f iam.Failures, open string) int64 {
	switch {
	case f.Locked:
		return never
	case f.Count == 0 && f.Lockouts == 0 && open == "" && f.WaitUntil <= now:
		return now + keepCleared
	default:
		return max(now, f.WaitUntil) + keepFailures
	}
}

// clearFailures empties a row but keeps its revision growing: a deleted row
// would start again at 1, and an attempt that read the old 1 could overwrite it.
func (s *Store) clearFailures(tx Tx, realmID, key string) error {
	var f iam.Failures
	err := tx.QueryRow(`update login_failure set failures = 0, last_at = 0, wait_until = 0, lockouts = 0, locked = 0,
			last_tag = null, reservations = '', sweep_at = $3, rev = rev + 1
		where realm_id = $1 and name_key = $2 returning rev`, realmID, []byte(key), tx.Now()+keepCleared).Scan(&f.Rev)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update login_failure set sum = $3 where realm_id = $1 and name_key = $2`,
		realmID, []byte(key), s.sums.failures(realmID, key, &f, ""))
	return err
}
