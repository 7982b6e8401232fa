package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const insertFamily = `insert into token_family (id, realm_id, session_id, client_id, user_id, scope,
		rotating, window_ms, max_reuse, recovery, rev, gen, salt, key_id, issued_at, expires_at,
		parent_jti, ring, superseded, reused, confirmed, revoked_at, revoke_reason, dead_at, sweep_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`

func familyArgs(f *iam.Family) ([]any, error) {
	ring, err := encodeRing(f.Ring)
	if err != nil {
		return nil, err
	}
	return []any{f.ID, f.RealmID, f.SessionID, f.ClientID, f.UserID, f.Scope,
		flag(f.Rotating), f.Window, f.MaxReuse, string(f.Recovery), f.Rev, f.Gen, salt(f.Salt), f.KeyID, f.IssuedAt, f.ExpiresAt,
		f.ParentJTI, ring, f.Superseded, f.Reused, flag(f.Confirmed), f.RevokedAt, f.RevokeReason,
		f.DeadAt, sweepAt(f.DeadAt)}, nil
}

// salt copies the bytes: the caller may reuse its own after it gave up waiting.
func salt(b []byte) []byte { return append([]byte{}, b...) }

func encodeRing(ring []iam.Used) (string, error) {
	if len(ring) == 0 {
		return "", nil
	}
	return encode(ring)
}

// Family reads a family with its session, client session and user (without the
// password), and the store's time, all in one read. iam.ErrNotFound: there is
// no such family.
func (s *Store) Family(ctx context.Context, realmID, familyID string) (iam.FamilyView, error) {
	return read(ctx, s.db, func(tx Tx) (iam.FamilyView, error) {
		v := iam.FamilyView{Family: iam.Family{ID: familyID, RealmID: realmID}, At: tx.Now()}
		values, err := tx.First(familyQuery, familyID, realmID)
		if errors.Is(err, sql.ErrNoRows) {
			return v, iam.ErrNotFound
		}
		if err != nil {
			return v, err
		}
		return v, s.fill(&v, &row{values: values})
	})
}

// What the family and the arguments say is not read again from the rows beside
// it: reading a column costs more than finding a row. That is also why the
// password is left out.
const familyQuery = `select f.session_id, f.client_id, f.user_id, f.scope,
		f.rotating, f.window_ms, f.max_reuse, f.recovery, f.rev, f.gen, f.salt, f.key_id, f.issued_at, f.expires_at,
		f.parent_jti, f.ring, f.superseded, f.reused, f.confirmed, f.revoked_at, f.revoke_reason, f.dead_at,
		s.started_at, s.last_refresh, s.remember_me, s.offline, s.address, s.method, s.dead_at,
		c.started_at, u.doc, u.enabled, u.epoch
	from token_family f
	left join user_session s on s.id = f.session_id
	left join client_session c on c.session_id = f.session_id and c.client_id = f.client_id
	left join users u on u.id = f.user_id
	where f.id = $1 and f.realm_id = $2`

// fill takes the columns of familyQuery, in their order.
func (s *Store) fill(v *iam.FamilyView, r *row) error {
	if err := fillFamily(&v.Family, r); err != nil {
		return err
	}
	f := &v.Family
	present := !r.null()
	session := iam.UserSession{ID: f.SessionID, RealmID: f.RealmID, UserID: f.UserID,
		StartedAt: r.number(), LastRefresh: r.number(), RememberMe: r.flag(), Offline: r.flag(),
		Address: r.text(), Method: r.text(), DeadAt: r.number()}
	if present {
		v.Session = &session
	}
	present = !r.null()
	client := iam.ClientSession{SessionID: f.SessionID, ClientID: f.ClientID, StartedAt: r.number()}
	if present {
		v.ClientSession = &client
	}
	if r.null() {
		return r.err
	}
	user, err := s.docs.user(f.UserID, r.text())
	if err != nil {
		return err
	}
	user.ID, user.RealmID, user.Enabled, user.Epoch = f.UserID, f.RealmID, r.flag(), r.number()
	v.User = &user
	return r.err
}

func fillFamily(f *iam.Family, r *row) error {
	f.SessionID, f.ClientID, f.UserID, f.Scope = r.text(), r.text(), r.text(), r.text()
	f.Rotating, f.Window, f.MaxReuse, f.Recovery = r.flag(), r.number(), int(r.number()), iam.Recovery(r.text())
	f.Rev, f.Gen, f.Salt, f.KeyID, f.IssuedAt, f.ExpiresAt = r.number(), r.number(), r.bytes(), r.text(), r.number(), r.number()
	parent, ring := r.text(), r.text()
	f.ParentJTI, f.Superseded, f.Reused, f.Confirmed = parent, int(r.number()), int(r.number()), r.flag()
	f.RevokedAt, f.RevokeReason, f.DeadAt = r.number(), r.text(), r.number()
	if ring == "" {
		return r.err
	}
	return decode("ring of family "+f.ID, ring, &f.Ring)
}

// AdvanceFamily replaces what refreshing changes in prev by next, raises the
// revision and notes the session's refresh at at (Unix ms), unless that is 0:
// most rotations find the session's row fresh enough. iam.ErrStale: the row is
// not at prev.Rev any more, was revoked, or its session has ended; then nothing
// was written.
func (s *Store) AdvanceFamily(ctx context.Context, prev, next iam.Family, at, sessionDeadAt int64, ev *iam.Event) error {
	ring, err := encodeRing(next.Ring)
	if err != nil {
		return err
	}
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	fresh := salt(next.Salt)
	// A client session never outlives its session, so asking for it asks for both.
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`update token_family set rev = rev + 1, gen = $3, salt = $4, key_id = $5,
				issued_at = $6, expires_at = $7, parent_jti = $8, ring = $9, superseded = $10, reused = $11,
				confirmed = $12, dead_at = $13
			where id = $1 and rev = $2 and revoked_at = 0
				and exists (select 1 from client_session c
					where c.session_id = token_family.session_id and c.client_id = token_family.client_id)`,
			prev.ID, prev.Rev, next.Gen, fresh, next.KeyID, next.IssuedAt, next.ExpiresAt, next.ParentJTI, ring,
			next.Superseded, next.Reused, flag(next.Confirmed), next.DeadAt)
		if err := must(n, err, iam.ErrStale); err != nil {
			return err
		}
		if at != 0 {
			_, err = tx.Exec(`update user_session set
					last_refresh = case when last_refresh < $2 then $2 else last_refresh end,
					dead_at = case when dead_at < $3 then $3 else dead_at end
				where id = $1`, prev.SessionID, at, sessionDeadAt)
			if err != nil {
				return err
			}
		}
		return record.insert(tx)
	})
}

// KillFamily revokes a family at prev.Rev; the row stays, so that its tokens
// are recognised. iam.ErrStale: it changed, was revoked already, or is gone.
func (s *Store) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		n, err := tx.Exec(`update token_family set rev = rev + 1, revoked_at = $3, revoke_reason = $4
			where id = $1 and rev = $2 and revoked_at = 0`, prev.ID, prev.Rev, at, reason)
		if err := must(n, err, iam.ErrStale); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return revoke(tx, iam.Revocation{RealmID: prev.RealmID, Kind: iam.RevokeFamily, ID: prev.ID, Until: until})
	})
}

// ConfirmFamily notes that an access token of the generation was seen. It is
// no error when nothing matches: the family moved on.
func (s *Store) ConfirmFamily(ctx context.Context, familyID string, gen int64) error {
	return s.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(`update token_family set confirmed = 1, rev = rev + 1
			where id = $1 and gen = $2 and confirmed = 0 and revoked_at = 0`, familyID, gen)
		return err
	})
}
