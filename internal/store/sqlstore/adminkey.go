package sqlstore

import (
	"cmp"
	"context"
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
	rows, err := s.encodeKeys(realmID, next)
	if err != nil {
		return nil, err
	}
	rev = slices.Clone(rev)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		stored, err := storedRows(tx, s.fillKey, `select realm_id, id, kid, doc, sum from signing_key where realm_id = $1`, realmID)
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
			if err := row.insert(tx); err != nil {
				return nil, err
			}
		}
		return s.changed(tx, rev, record)
	})
}

// byID is a copy of the keys, never nil, in the order of their ids.
func byID(keys []iam.Key) []iam.Key {
	out := append([]iam.Key{}, keys...)
	slices.SortFunc(out, func(a, b iam.Key) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (s *Store) encodeKeys(realmID string, keys []iam.Key) ([]pending, error) {
	var rows []pending
	for i := range keys {
		row, err := s.encodeKey(realmID, &keys[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
