package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const insertFamily = `insert into token_family (id, realm_id, session_id, client_id, user_id, scope,
		rotating, window_ms, max_reuse, recovery, rev, gen, salt, key_id, issued_at, expires_at,
		parent_jti, ring, superseded, reused, confirmed, revoked_at, revoke_reason, dead_at, sweep_at, sum, touch_sum)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)`

func (s *Store) familyArgs(f *iam.Family) ([]any, error) {
	ring, err := encodeRing(f.Ring)
	if err != nil {
		return nil, err
	}
	return []any{f.ID, f.RealmID, f.SessionID, f.ClientID, f.UserID, f.Scope,
		flag(f.Rotating), f.Window, f.MaxReuse, string(f.Recovery), f.Rev, f.Gen, salt(f.Salt), f.KeyID, f.IssuedAt, f.ExpiresAt,
		f.ParentJTI, ring, f.Superseded, f.Reused, flag(f.Confirmed), f.RevokedAt, f.RevokeReason,
		f.DeadAt, sweepAt(f.DeadAt), s.sums.family(f), s.sums.familyTouch(f.ID, f.DeadAt)}, nil
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
		v := iam.FamilyView{Family: iam.Family{ID: familyID}, At: tx.Now()}
		values, err := tx.First(familyQuery, familyID)
		if errors.Is(err, sql.ErrNoRows) {
			return v, iam.ErrNotFound
		}
		if err != nil {
			return v, err
		}
		return v, s.fill(&v, realmID, &row{values: values})
	})
}

// familyColumns are what fillFamily takes; the alias is f.
const familyColumns = `f.salt, concat_ws('` + sep + `', f.realm_id, f.session_id, f.client_id, f.user_id, f.scope,
		f.rotating, f.window_ms, f.max_reuse, f.recovery, f.rev, f.gen, f.key_id, f.issued_at, f.expires_at,
		f.parent_jti, f.ring, f.superseded, f.reused, f.confirmed, f.revoked_at, f.revoke_reason, f.dead_at,
		f.sum, f.touch_sum)`

// What the family and the arguments say is not read again from the rows beside
// it: reading a column costs more than finding a row. That is also why the
// password is left out. Where such a column is not in a sum by way of the
// family, it is compared instead.
const familyQuery = `select ` + familyColumns + `,
		concat_ws('` + sep + `', s.started_at, s.last_refresh, s.remember_me, s.offline, s.address, s.method, s.dead_at,
			s.user_id = f.user_id and s.realm_id = f.realm_id, s.sum, s.touch_sum),
		concat_ws('` + sep + `', c.started_at, c.sum), ` + documentColumns + `
	from token_family f
	left join user_session s on s.id = f.session_id
	left join client_session c on c.session_id = f.session_id and c.client_id = f.client_id
	left join users u on u.id = f.user_id
	where f.id = $1`

// fill takes the columns of familyQuery, in their order. The realm is compared
// after the sum: a family of another realm is none, one that was moved there is
// damaged.
func (s *Store) fill(v *iam.FamilyView, realmID string, r *row) error {
	f := &v.Family
	if err := s.fillFamily(f, r); err != nil {
		return err
	}
	if f.RealmID != realmID {
		return iam.ErrNotFound
	}
	var err error
	if v.Session, err = s.fillSession(f, r); err != nil {
		return err
	}
	if v.ClientSession, err = s.fillClientSession(f, r); err != nil {
		return err
	}
	// The use of a session goes with it, and the sessions of a user with the user:
	// where only the one is there the other is hidden, or was taken away.
	if v.Session == nil && v.ClientSession != nil {
		return s.sums.damaged(tableSession, f.SessionID)
	}
	if r.null() {
		if v.Session != nil && r.err == nil {
			return s.sums.damaged(tableUser, f.UserID)
		}
		return r.err
	}
	user, err := s.fillDocument(r, f.UserID, f.RealmID)
	if err != nil {
		return err
	}
	v.User = &user
	return nil
}

// fillFamily takes familyColumns, for a family whose id is known.
func (s *Store) fillFamily(f *iam.Family, r *row) error {
	sum, touch, err := s.takeFamily(f, r)
	if err != nil {
		return err
	}
	if err := s.sums.check(tableFamily, f.ID, sum, s.sums.family(f)); err != nil {
		return err
	}
	return s.sums.check(tableFamily, f.ID, touch, s.sums.familyTouch(f.ID, f.DeadAt))
}

// takeFamily is fillFamily with the sums unchecked.
func (s *Store) takeFamily(f *iam.Family, r *row) (sum, touch int64, err error) {
	f.Salt = r.bytes()
	p := r.packed()
	f.RealmID, f.SessionID, f.ClientID, f.UserID, f.Scope = p.word(), p.word(), p.word(), p.word(), p.word()
	f.Rotating, f.Window, f.MaxReuse, f.Recovery = p.flag(), p.number(), int(p.number()), iam.Recovery(p.word())
	f.Rev, f.Gen, f.KeyID, f.IssuedAt, f.ExpiresAt = p.number(), p.number(), p.word(), p.number(), p.number()
	parent, ring := p.word(), p.word()
	f.ParentJTI, f.Superseded, f.Reused, f.Confirmed = parent, int(p.number()), int(p.number()), p.flag()
	f.RevokedAt, f.RevokeReason, f.DeadAt = p.number(), p.word(), p.number()
	sum, touch = p.number(), p.number()
	if ring != "" && r.err == nil {
		r.err = decode("ring of family "+f.ID, ring, &f.Ring)
	}
	if r.err != nil {
		return 0, 0, s.sums.broken(tableFamily, f.ID, r.err)
	}
	return sum, touch, nil
}

// fillSession takes the session of a family; nil where there is none.
func (s *Store) fillSession(f *iam.Family, r *row) (*iam.UserSession, error) {
	p := r.packed()
	if p.empty() {
		return nil, r.err
	}
	u := &iam.UserSession{ID: f.SessionID, RealmID: f.RealmID, UserID: f.UserID,
		StartedAt: p.number(), LastRefresh: p.number(), RememberMe: p.flag(), Offline: p.flag(),
		Address: p.word(), Method: p.word(), DeadAt: p.number()}
	same, sum, touch := p.flag(), p.number(), p.number()
	switch {
	case r.err != nil:
		return nil, s.sums.broken(tableSession, u.ID, r.err)
	case !same:
		return nil, s.sums.damaged(tableSession, u.ID)
	}
	if err := s.sums.check(tableSession, u.ID, sum, s.sums.session(u)); err != nil {
		return nil, err
	}
	return u, s.sums.check(tableSession, u.ID, touch, s.sums.sessionTouch(u.ID, u.LastRefresh, u.DeadAt))
}

// fillClientSession takes the client session of a family; nil where there is none.
func (s *Store) fillClientSession(f *iam.Family, r *row) (*iam.ClientSession, error) {
	p := r.packed()
	if p.empty() {
		return nil, r.err
	}
	c := &iam.ClientSession{SessionID: f.SessionID, ClientID: f.ClientID, StartedAt: p.number()}
	sum := p.number()
	switch {
	case r.err != nil:
		return nil, s.sums.broken(tableClientSession, c.SessionID+"/"+c.ClientID, r.err)
	case sum == s.sums.clientSession(c):
		return c, nil
	}
	return nil, s.sums.damaged(tableClientSession, c.SessionID+"/"+c.ClientID)
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
	sum, dead, touch := s.sums.family(advanced(&prev, &next)), s.sums.familyTouch(prev.ID, next.DeadAt), int64(0)
	if at != 0 {
		touch = s.sums.sessionTouch(prev.SessionID, at, sessionDeadAt)
	}
	// A client session never outlives its session, so asking for it asks for both.
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`update token_family set rev = rev + 1, gen = $3, salt = $4, key_id = $5,
				issued_at = $6, expires_at = $7, parent_jti = $8, ring = $9, superseded = $10, reused = $11,
				confirmed = $12, dead_at = $13, sum = $14, touch_sum = $15
			where id = $1 and rev = $2 and revoked_at = 0
				and exists (select 1 from client_session c
					where c.session_id = token_family.session_id and c.client_id = token_family.client_id)`,
			prev.ID, prev.Rev, next.Gen, fresh, next.KeyID, next.IssuedAt, next.ExpiresAt, next.ParentJTI, ring,
			next.Superseded, next.Reused, flag(next.Confirmed), next.DeadAt, sum, dead)
		if err := must(n, err, iam.ErrStale); err != nil {
			return err
		}
		if at != 0 {
			n, err := tx.Exec(touchSession, prev.SessionID, at, sessionDeadAt, touch)
			if err != nil {
				return err
			}
			if n == 0 {
				if err := s.touchBoth(tx, prev.SessionID, at, sessionDeadAt); err != nil {
					return err
				}
			}
		}
		return record.insert(tx)
	})
}

// advanced is the row that AdvanceFamily leaves.
func advanced(prev, next *iam.Family) *iam.Family {
	f := *prev
	f.Rev++
	f.Gen, f.Salt, f.KeyID, f.IssuedAt, f.ExpiresAt = next.Gen, next.Salt, next.KeyID, next.IssuedAt, next.ExpiresAt
	f.ParentJTI, f.Ring, f.Superseded, f.Reused, f.Confirmed = next.ParentJTI, next.Ring, next.Superseded, next.Reused, next.Confirmed
	return &f
}

// KillFamily revokes a family at prev.Rev; the row stays, so that its tokens
// are recognised. iam.ErrStale: it changed, was revoked already, or is gone.
func (s *Store) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	killed := prev
	killed.Rev, killed.RevokedAt, killed.RevokeReason = prev.Rev+1, at, reason
	sum := s.sums.family(&killed)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		n, err := tx.Exec(`update token_family set rev = rev + 1, revoked_at = $3, revoke_reason = $4, sum = $5
			where id = $1 and rev = $2 and revoked_at = 0`, prev.ID, prev.Rev, at, reason, sum)
		if err := must(n, err, iam.ErrStale); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, iam.Revocation{RealmID: prev.RealmID, Kind: iam.RevokeFamily, ID: prev.ID, Until: until})
	})
}

// ConfirmFamily notes that an access token of the generation was seen. It is
// no error when nothing matches: the family moved on.
func (s *Store) ConfirmFamily(ctx context.Context, familyID string, gen int64) error {
	return s.db.Write(ctx, func(tx Tx) error {
		values, err := tx.First(confirmFamily, familyID, gen)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.confirmed(tx, familyID, &row{values: values})
	})
}

var confirmFamily = `update token_family set confirmed = 1, rev = rev + 1
	where id = $1 and gen = $2 and confirmed = 0 and revoked_at = 0
	returning ` + strings.ReplaceAll(familyColumns, "f.", "") // there is no alias there

// confirmed gives a family that was just marked as confirmed its sum.
func (s *Store) confirmed(tx Tx, id string, r *row) error {
	f := iam.Family{ID: id}
	sum, _, err := s.takeFamily(&f, r)
	if err != nil {
		return err
	}
	before := f
	before.Confirmed, before.Rev = false, f.Rev-1
	if err := s.sums.check(tableFamily, id, sum, s.sums.family(&before)); err != nil {
		return err
	}
	_, err = tx.Exec(`update token_family set sum = $2 where id = $1`, id, s.sums.family(&f))
	return err
}
