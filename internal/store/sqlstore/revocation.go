package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// revoke adds entries to the feed and returns them with their numbers.
func revoke(tx Tx, entries ...iam.Revocation) ([]iam.Revocation, error) {
	for i := range entries {
		r := &entries[i]
		err := tx.QueryRow(`insert into revocation (realm_id, kind, entity_id, issued_before, until_at)
			values ($1, $2, $3, $4, $5) returning seq`,
			r.RealmID, string(r.Kind), r.ID, r.IssuedBefore, r.Until).Scan(&r.Seq)
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

const revocationColumns = `seq, realm_id, kind, entity_id, issued_before, until_at`

func scanRevocation(rows *sql.Rows) (r iam.Revocation, err error) {
	return r, rows.Scan(&r.Seq, &r.RealmID, &r.Kind, &r.ID, &r.IssuedBefore, &r.Until)
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
		present, err := all(tx, scanRevocation, `select `+revocationColumns+` from revocation
			where entity_id = $1 and kind = 'jti' and realm_id = $2 and until_at >= $3 order by seq limit 1`,
			jti, realmID, until)
		if err != nil || len(present) > 0 {
			return present, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeToken, ID: jti, Until: until})
	})
}

// TokenRevoked says whether RevokeToken named the token.
func (s *Store) TokenRevoked(ctx context.Context, realmID, jti string) (bool, error) {
	return read(ctx, s.db, func(tx Tx) (found bool, err error) {
		err = tx.QueryRow(`select exists (select 1 from revocation
			where entity_id = $1 and kind = 'jti' and realm_id = $2)`, jti, realmID).Scan(&found)
		return found, err
	})
}

// Revocations lists the feed's entries after a number, ascending, as far as
// they can still touch a token.
func (s *Store) Revocations(ctx context.Context, afterSeq int64) ([]iam.Revocation, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		return all(tx, scanRevocation, `select `+revocationColumns+` from revocation
			where seq > $1 and until_at >= $2 order by seq`, afterSeq, tx.Now())
	})
}
