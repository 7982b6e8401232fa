package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// never is the sweeping time of a row that no sweeper may delete (Unix ms).
const never = math.MaxInt64

// OpenLogin writes session, client session and family, clears the failures and
// records the event, as one fact. iam.ErrStale: the user is gone, disabled, or
// past the given UserEpoch; iam.ErrConflict: an id is taken.
func (s *Store) OpenLogin(ctx context.Context, in iam.Login) error {
	record, err := encodeEvent(in.Event)
	if err != nil {
		return err
	}
	var family []any
	if in.Family != nil {
		if family, err = s.familyArgs(in.Family); err != nil {
			return err
		}
	}
	us, cs := in.Session, in.ClientSession
	var familyID string
	if in.Family != nil {
		familyID = in.Family.ID
	}
	sum, touch, used := s.sums.session(&us), s.sums.sessionTouch(us.ID, us.LastRefresh, us.DeadAt), s.sums.clientSession(&cs)
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`insert into user_session (id, realm_id, user_id, started_at, last_refresh,
				remember_me, offline, address, method, dead_at, sweep_at, sum, touch_sum)
			select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 from users
			where id = $3 and realm_id = $2 and enabled = 1 and (epoch = $14 or $14 = 0)`,
			us.ID, us.RealmID, us.UserID, us.StartedAt, us.LastRefresh, flag(us.RememberMe), flag(us.Offline),
			us.Address, us.Method, us.DeadAt, sweepAt(us.DeadAt), sum, touch, in.UserEpoch)
		if err := must(n, err, iam.ErrStale); err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into client_session (session_id, client_id, started_at, family_id, sum)
			values ($1, $2, $3, $4, $5)`, cs.SessionID, cs.ClientID, cs.StartedAt, familyID, used); err != nil {
			return err
		}
		if family != nil {
			if _, err := tx.Exec(insertFamily, family...); err != nil {
				return err
			}
		}
		if in.ClearFailures != "" {
			if err := s.clearFailures(tx, us.RealmID, in.ClearFailures); err != nil {
				return err
			}
		}
		return record.insert(tx)
	})
}

// JoinSession writes the use of a session by one more client, with a family
// of its own. iam.ErrNotFound: the session has ended; iam.ErrConflict: the
// client uses it already.
func (s *Store) JoinSession(ctx context.Context, cs iam.ClientSession, f iam.Family, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	family, err := s.familyArgs(&f)
	if err != nil {
		return err
	}
	sum, realm, familyID := s.sums.clientSession(&cs), f.RealmID, f.ID
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`insert into client_session (session_id, client_id, started_at, family_id, sum)
			select $1, $2, $3, $4, $5 from user_session where id = $1 and realm_id = $6`,
			cs.SessionID, cs.ClientID, cs.StartedAt, familyID, sum, realm)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.noSession(tx, cs.SessionID)
		}
		if _, err := tx.Exec(insertFamily, family...); err != nil {
			return err
		}
		return record.insert(tx)
	})
}

func sweepAt(deadAt int64) int64 {
	if deadAt == 0 {
		return never
	}
	return deadAt
}

// TouchSession notes that a reusable family was refreshed: last_refresh and
// the times of death move, never backwards. iam.ErrNotFound: the session or
// its use of the client has ended, or the family was revoked.
func (s *Store) TouchSession(ctx context.Context, sessionID, familyID string, at, deadAt int64) error {
	session, family := s.sums.sessionTouch(sessionID, at, deadAt), s.sums.familyTouch(familyID, deadAt)
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(touchLiving, sessionID, at, deadAt, session, familyID)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := exists(tx, sessionLiving, sessionID, familyID); err != nil {
				return err
			}
			if err := s.touchBoth(tx, sessionID, at, deadAt); err != nil {
				return err
			}
		}
		_, err = tx.Exec(`update token_family set dead_at = $2, touch_sum = $3 where id = $1 and dead_at < $2`,
			familyID, deadAt, family)
		return err
	})
}

// Whether the family is one of the session, and usable.
const (
	touchLiving = touchSession + ` and exists (select 1 from token_family f join client_session c
		on c.session_id = f.session_id and c.client_id = f.client_id
		where f.id = $5 and f.session_id = $1 and f.revoked_at = 0)`
	sessionLiving = `select 1 from user_session where id = $1 and exists (select 1 from token_family f join client_session c
		on c.session_id = f.session_id and c.client_id = f.client_id
		where f.id = $2 and f.session_id = $1 and f.revoked_at = 0)`
)

// touchSession moves both times of a session where both move forward, which
// is how it nearly always is.
const touchSession = `update user_session set last_refresh = $2, dead_at = $3, touch_sum = $4
	where id = $1 and last_refresh <= $2 and dead_at <= $3`

// touchBoth moves each time of a session where that is forward, for when
// touchSession found no such row. A session that is gone is no error.
func (s *Store) touchBoth(tx Tx, id string, at, deadAt int64) error {
	values, err := tx.First(`select last_refresh, dead_at, touch_sum from user_session where id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	r := &row{values: values}
	last, dead, sum := r.number(), r.number(), r.number()
	if r.err != nil {
		return s.sums.broken(tableSession, id, r.err)
	}
	if err := s.sums.check(tableSession, id, sum, s.sums.sessionTouch(id, last, dead)); err != nil {
		return err
	}
	last, dead = max(last, at), max(dead, deadAt)
	_, err = tx.Exec(`update user_session set last_refresh = $2, dead_at = $3, touch_sum = $4 where id = $1`,
		id, last, dead, s.sums.sessionTouch(id, last, dead))
	return err
}

// noSession is why no session of that id was found in a realm: iam.ErrNotFound,
// unless there is one and its realm may not be what was written.
func (s *Store) noSession(tx Tx, id string) error {
	rows, err := all(tx, scanRow, selectJudged+` where id = $1`, id)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, _, err := s.judgeSession(r); err != nil {
			return err
		}
	}
	return iam.ErrNotFound
}

// EndSession ends a session: all its clients', at once. iam.ErrNotFound when
// it is gone already. The returned feed entries refuse its access tokens.
func (s *Store) EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		n, err := tx.Exec(`delete from user_session where id = $1 and realm_id = $2`, sessionID, realmID)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, s.noSession(tx, sessionID)
		}
		if _, err := tx.Exec(`delete from client_session where session_id = $1`, sessionID); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeSession, ID: sessionID, Until: until})
	})
}

// EndClientSession ends one client's part of a session, and the session with
// its last client. iam.ErrNotFound when it is gone already.
func (s *Store) EndClientSession(ctx context.Context, realmID, sessionID, clientID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		n, err := tx.Exec(`delete from client_session where session_id = $1 and client_id = $2
			and exists (select 1 from user_session where id = $1 and realm_id = $3)`, sessionID, clientID, realmID)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, s.noSession(tx, sessionID)
		}
		entries := []iam.Revocation{{RealmID: realmID, Kind: iam.RevokeClientSession,
			ID: sessionID + "/" + clientID, Until: until}}
		n, err = tx.Exec(`delete from user_session where id = $1
			and not exists (select 1 from client_session where session_id = $1)`, sessionID)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			entries = append(entries, iam.Revocation{RealmID: realmID, Kind: iam.RevokeSession, ID: sessionID, Until: until})
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, entries...)
	})
}

// endUserSessions ends every session of a user. One entry for each session,
// not one for the user: an entry with a time would also hit a login made later
// in the same second.
func (s *Store) endUserSessions(tx Tx, realmID, userID string, until int64) ([]iam.Revocation, error) {
	ids, err := all(tx, text, `select id from user_session where user_id = $1 and realm_id = $2 order by id`, userID, realmID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	entries := make([]iam.Revocation, 0, len(ids))
	for _, id := range ids {
		entries = append(entries, iam.Revocation{RealmID: realmID, Kind: iam.RevokeSession, ID: id, Until: until})
		for _, query := range []string{`delete from client_session where session_id = $1`, `delete from user_session where id = $1`} {
			if _, err := tx.Exec(query, id); err != nil {
				return nil, err
			}
		}
	}
	return s.revoke(tx, entries...)
}
