package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// ChangeKeys makes next of the realm's keys, which are prev: the whole set is
// compared, in any order. Keys that are not in next any more are removed. The
// configuration version moves, and the feed entries are added. iam.ErrStale:
// the set is another; iam.ErrConflict: an id or kid is taken; iam.ErrNotFound:
// no such realm.
func (s *Store) ChangeKeys(ctx context.Context, realmID string, prev, next []iam.Key, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	was, err := encode(byID(prev))
	if err != nil {
		return nil, err
	}
	rows, err := encodeKeys(realmID, next)
	if err != nil {
		return nil, err
	}
	rev = slices.Clone(rev)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		stored, err := all(tx, func(rows *sql.Rows) (k iam.Key, err error) {
			var id, doc string
			if err := rows.Scan(&id, &doc); err != nil {
				return k, err
			}
			return k, decode("key "+id, doc, &k)
		}, `select id, doc from signing_key where realm_id = $1`, realmID)
		if err != nil {
			return nil, err
		}
		if err := unchanged(byID(stored), was); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`delete from signing_key where realm_id = $1`, realmID); err != nil {
			return nil, err
		}
		for _, row := range rows {
			if _, err := tx.Exec(row.query, row.args...); err != nil {
				return nil, err
			}
		}
		return changed(tx, rev, record)
	})
}

// byID is a copy of the keys, never nil, in the order of their ids.
func byID(keys []iam.Key) []iam.Key {
	out := append([]iam.Key{}, keys...)
	slices.SortFunc(out, func(a, b iam.Key) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func encodeKeys(realmID string, keys []iam.Key) ([]pending, error) {
	var rows []pending
	for _, k := range keys {
		doc, err := encode(k)
		if err != nil {
			return nil, err
		}
		rows = append(rows, pending{"key " + k.KID,
			`insert into signing_key (id, realm_id, kid, doc) values ($1, $2, $3, $4)`,
			[]any{k.ID, realmID, k.KID, doc}})
	}
	return rows, nil
}
