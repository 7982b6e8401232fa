package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// LoadConfig reads all realms, clients and keys as of one moment. Damaged rows
// are left out and named, so that one does not take the others with it.
func (s *Store) LoadConfig(ctx context.Context) (iam.ConfigRows, error) {
	var out iam.ConfigRows
	err := s.db.Snapshot(ctx, func(tx Tx) (err error) {
		out, err = s.loadConfig(tx)
		return err
	})
	if err != nil {
		return iam.ConfigRows{}, err
	}
	return out, nil
}

func (s *Store) loadConfig(tx Tx) (out iam.ConfigRows, err error) {
	if out.Version, err = configVersion(tx); err != nil {
		return out, err
	}
	if out.Realms, err = intact(tx, &out.Damaged, s.fillRealm, selectRealms); err != nil {
		return out, err
	}
	out.Clients, err = intact(tx, &out.Damaged, s.fillClient,
		`select realm_id, id, client_id, doc, sum from client order by realm_id, client_id`)
	if err != nil {
		return out, err
	}
	out.Keys, err = intact(tx, &out.Damaged, s.fillKey,
		`select realm_id, id, kid, doc, sum from signing_key order by realm_id, id`)
	return out, err
}

// intact collects the rows that are what was written, and names the others.
func intact[T any](tx Tx, damaged *[]iam.DamagedRow, fill func(*row) (T, iam.DamagedRow, error),
	query string, args ...any) ([]T, error) {
	rows, err := all(tx, scanRow, query, args...)
	if err != nil {
		return nil, err
	}
	var out []T
	for _, r := range rows {
		v, at, err := fill(r)
		switch {
		case err == nil:
			out = append(out, v)
		case errors.Is(err, iam.ErrDamaged):
			*damaged = append(*damaged, at)
		default:
			return nil, err
		}
	}
	return out, nil
}

const selectRealms = `select id, name, doc, sum from realm order by name`

// fillRealm takes the columns of selectRealms; at names the row.
func (s *Store) fillRealm(r *row) (out iam.Realm, at iam.DamagedRow, err error) {
	id, name, doc, sum := r.text(), r.text(), r.text(), r.number()
	at = iam.DamagedRow{Table: tableRealm, ID: id, RealmID: id}
	if r.err != nil {
		return out, at, s.sums.broken(at.Table, id, r.err)
	}
	if err := s.sums.check(at.Table, id, sum, s.sums.realm(id, name, doc)); err != nil {
		return out, at, err
	}
	err = decode("realm "+id, doc, &out)
	return out, at, err
}

// fillClient takes realm_id, id, client_id, doc and sum; at names the row.
func (s *Store) fillClient(r *row) (out iam.Client, at iam.DamagedRow, err error) {
	realm, id, clientID, doc, sum := r.text(), r.text(), r.text(), r.text(), r.number()
	at = iam.DamagedRow{Table: tableClient, ID: id, RealmID: realm}
	if r.err != nil {
		return out, at, s.sums.broken(at.Table, id, r.err)
	}
	if err := s.sums.check(at.Table, id, sum, s.sums.client(id, realm, clientID, doc)); err != nil {
		return out, at, err
	}
	err = decode("client "+id, doc, &out)
	out.RealmID = realm
	return out, at, err
}

// fillKey takes realm_id, id, kid, doc and sum; at names the row.
func (s *Store) fillKey(r *row) (out iam.Key, at iam.DamagedRow, err error) {
	realm, id, kid, doc, sum := r.text(), r.text(), r.text(), r.text(), r.number()
	at = iam.DamagedRow{Table: tableKey, ID: id, RealmID: realm}
	if r.err != nil {
		return out, at, s.sums.broken(at.Table, id, r.err)
	}
	if err := s.sums.check(at.Table, id, sum, s.sums.key(id, realm, kid, doc)); err != nil {
		return out, at, err
	}
	err = decode("key "+id, doc, &out)
	out.RealmID = realm
	return out, at, err
}

// storedRows are rows of a configuration table for who changes them: a damaged one
// is an error.
func storedRows[T any](tx Tx, fill func(*row) (T, iam.DamagedRow, error), query string, args ...any) ([]T, error) {
	rows, err := all(tx, scanRow, query, args...)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		if out[i], _, err = fill(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ConfigVersion grows with every change of what LoadConfig reads.
func (s *Store) ConfigVersion(ctx context.Context) (int64, error) {
	return read(ctx, s.db, configVersion)
}

func configVersion(tx Tx) (v int64, err error) {
	err = tx.QueryRow(`select version from config_state where id = 1`).Scan(&v)
	return v, err
}

// Probe does on the writer's path what a token request does there: one small
// durable write. It fails when a login would.
func (s *Store) Probe(ctx context.Context) error {
	return s.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(`update heartbeat set at = $1 where id = 1`, tx.Now())
		return err
	})
}
