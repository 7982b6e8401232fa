package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// moveConfig tells every node to read the configuration again.
func moveConfig(tx Tx) error {
	_, err := tx.Exec(`update config_state set version = version + 1 where id = 1`)
	return err
}

// changed ends a change of configuration: version, feed entries and event.
func (s *Store) changed(tx Tx, rev []iam.Revocation, record *eventRow) ([]iam.Revocation, error) {
	if err := moveConfig(tx); err != nil {
		return nil, err
	}
	if err := record.insert(tx); err != nil || len(rev) == 0 {
		return nil, err
	}
	return s.revoke(tx, rev...)
}

// oneText reads the one column of one row; iam.ErrNotFound: there is none.
func oneText(tx Tx, query string, args ...any) (s string, err error) {
	err = tx.QueryRow(query, args...).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return "", iam.ErrNotFound
	}
	return s, err
}

// ReplaceRealm writes next over prev, adds the feed entries, and moves the
// configuration version. iam.ErrStale: the realm is not prev any more;
// iam.ErrNotFound: gone; iam.ErrConflict: the name is taken.
func (s *Store) ReplaceRealm(ctx context.Context, prev, next iam.Realm, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	was, err := encode(prev)
	if err != nil {
		return nil, err
	}
	id, name := prev.ID, next.Name
	next.ID = prev.ID
	doc, err := encode(next)
	if err != nil {
		return nil, err
	}
	rev = slices.Clone(rev)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		rows, err := storedRows(tx, s.fillRealm, `select id, name, doc, sum from realm where id = $1`, id)
		if err != nil {
			return nil, err
		}
		if err := unchangedRow(rows, was); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`update realm set name = $1, doc = $2, sum = $3 where id = $4`,
			name, doc, s.sums.realm(id, name, doc), id); err != nil {
			return nil, err
		}
		return s.changed(tx, rev, record)
	})
}

// AddClient writes a client into an existing realm and moves the configuration
// version. iam.ErrConflict: the id or the clientId is taken; iam.ErrNotFound:
// no such realm.
func (s *Store) AddClient(ctx context.Context, c iam.Client, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	row, err := s.encodeClient(c.RealmID, &c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx Tx) error {
		if err := row.insert(tx); err != nil {
			return err
		}
		_, err := s.changed(tx, nil, record)
		return err
	})
}

// ReplaceClient writes next over prev, adds the feed entries, and moves the
// configuration version. iam.ErrStale: the client is not prev any more;
// iam.ErrNotFound: gone; iam.ErrConflict: the clientId is taken.
func (s *Store) ReplaceClient(ctx context.Context, prev, next iam.Client, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	was, err := encode(prev)
	if err != nil {
		return nil, err
	}
	id, realm, name := prev.ID, prev.RealmID, next.ClientID
	next.ID = prev.ID
	doc, err := encode(next)
	if err != nil {
		return nil, err
	}
	rev = slices.Clone(rev)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		rows, err := storedRows(tx, s.fillClient,
			`select realm_id, id, client_id, doc, sum from client where id = $1 and realm_id = $2`, id, realm)
		if err != nil {
			return nil, err
		}
		if err := unchangedRow(rows, was); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`update client set client_id = $1, doc = $2, sum = $3 where id = $4`,
			name, doc, s.sums.client(id, realm, name, doc), id); err != nil {
			return nil, err
		}
		return s.changed(tx, rev, record)
	})
}

// unchangedRow is unchanged for the one row that an id finds.
func unchangedRow[T any](rows []T, was string) error {
	if len(rows) == 0 {
		return iam.ErrNotFound
	}
	return unchanged(rows[0], was)
}
