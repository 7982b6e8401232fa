package sqlstore

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// revoke adds entries to the feed and returns them with their numbers, which the
// database gives and the sums cover.
func (s *Store) revoke(tx Tx, entries ...iam.Revocation) ([]iam.Revocation, error) {
	for i := range entries {
		r := &entries[i]
		err := tx.QueryRow(`insert into revocation (realm_id, kind, entity_id, issued_before, until_at, sum)
			values ($1, $2, $3, $4, $5, 0) returning seq`,
			r.RealmID, string(r.Kind), r.ID, r.IssuedBefore, r.Until).Scan(&r.Seq)
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`update revocation set sum = $2 where seq = $1`, r.Seq, s.sums.revocation(r)); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

const revocationColumns = `seq, realm_id, kind, entity_id, issued_before, until_at, sum`

// scanRevocation takes revocationColumns.
func (s *Store) scanRevocation(rows *sql.Rows) (iam.Revocation, error) {
	c, err := scanRow(rows)
	if err != nil {
		return iam.Revocation{}, err
	}
	return s.fillRevocation(c)
}

func (s *Store) fillRevocation(c *row) (iam.Revocation, error) {
	r := iam.Revocation{Seq: c.number(), RealmID: c.text(), Kind: iam.RevocationKind(c.text()), ID: c.text(),
		IssuedBefore: c.number(), Until: c.number()}
	sum, row := c.number(), strconv.FormatInt(r.Seq, 10)
	if c.err != nil {
		return r, s.sums.broken(tableRevocation, row, c.err)
	}
	return r, s.sums.check(tableRevocation, row, sum, s.sums.revocation(&r))
}

// RevokeToken refuses one access token until the given time (Unix ms). A token
// that is refused that long already stays as it is: the present entry is
// returned, and no event is written.
func (s *Store) RevokeToken(ctx context.Context, realmID, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		present, err := s.refusals(tx, realmID, jti)
		if err != nil {
			return nil, err
		}
		for _, r := range present {
			if r.Until >= until {
				return []iam.Revocation{r}, nil
			}
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeToken, ID: jti, Until: until})
	})
}

// refusals lists the entries that refuse an access token.
func (s *Store) refusals(tx Tx, realmID, jti string) ([]iam.Revocation, error) {
	return all(tx, s.scanRevocation, `select `+revocationColumns+` from revocation
		where entity_id = $1 and kind = 'jti' and realm_id = $2 order by seq`, jti, realmID)
}

// TokenRevoked says whether RevokeToken named the token.
func (s *Store) TokenRevoked(ctx context.Context, realmID, jti string) (bool, error) {
	return read(ctx, s.db, func(tx Tx) (bool, error) {
		found, err := s.refusals(tx, realmID, jti)
		return len(found) > 0, err
	})
}

// Revocations lists the feed's entries after a number, ascending, as far as
// they can still touch a token; 0 and less: all. A damaged entry could be about
// any token, so it is trouble for all.
func (s *Store) Revocations(ctx context.Context, afterSeq int64) ([]iam.Revocation, error) {
	from := afterSeq + 1
	if afterSeq <= 0 {
		from = math.MinInt64 // an entry whose number was changed to 0 or less is not passed over
	}
	return read(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		entries, err := all(tx, s.scanRevocation, `select `+revocationColumns+` from revocation
			where seq >= $1 order by seq`, from)
		if err != nil {
			return nil, err
		}
		now := tx.Now() // judged after the sum
		return slices.DeleteFunc(entries, func(r iam.Revocation) bool { return r.Until < now }), nil
	})
}
