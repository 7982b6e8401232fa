package sqlstore

import (
	"context"
	"database/sql"
	"math"
	"sort"

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
		if family, err = familyArgs(in.Family); err != nil {
			return err
		}
	}
	us, cs := in.Session, in.ClientSession
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`insert into user_session (id, realm_id, user_id, started_at, last_refresh,
				remember_me, offline, address, method, dead_at, sweep_at)
			select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 from users
			where id = $3 and realm_id = $2 and enabled = 1 and (epoch = $12 or $12 = 0)`,
			us.ID, us.RealmID, us.UserID, us.StartedAt, us.LastRefresh, flag(us.RememberMe), flag(us.Offline),
			us.Address, us.Method, us.DeadAt, sweepAt(us.DeadAt), in.UserEpoch)
		if err := must(n, err, iam.ErrStale); err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into client_session (session_id, client_id, started_at) values ($1, $2, $3)`,
			cs.SessionID, cs.ClientID, cs.StartedAt); err != nil {
			return err
		}
		if family != nil {
			if _, err := tx.Exec(insertFamily, family...); err != nil {
				return err
			}
		}
		if in.ClearFailures != "" {
			if err := clearFailures(tx, us.RealmID, in.ClearFailures); err != nil {
				return err
			}
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
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`update user_session set
				last_refresh = case when last_refresh < $3 then $3 else last_refresh end,
				dead_at = case when dead_at < $4 then $4 else dead_at end
			where id = $1 and exists (
				select 1 from token_family f join client_session c
				on c.session_id = f.session_id and c.client_id = f.client_id
				where f.id = $2 and f.session_id = $1 and f.revoked_at = 0)`,
			sessionID, familyID, at, deadAt)
		if err := must(n, err, iam.ErrNotFound); err != nil {
			return err
		}
		_, err = tx.Exec(`update token_family set dead_at = $2 where id = $1 and dead_at < $2`, familyID, deadAt)
		return err
	})
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
		if err := must(n, err, iam.ErrNotFound); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`delete from client_session where session_id = $1`, sessionID); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeSession, ID: sessionID, Until: until})
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
		if err := must(n, err, iam.ErrNotFound); err != nil {
			return nil, err
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
		return revoke(tx, entries...)
	})
}

// endUserSessions ends every session of a user. One entry for each session,
// not one for the user: an entry with a time would also hit a login made later
// in the same second.
func endUserSessions(tx Tx, realmID, userID string, until int64) ([]iam.Revocation, error) {
	out, err := all(tx, func(rows *sql.Rows) (iam.Revocation, error) {
		r := iam.Revocation{RealmID: realmID, Kind: iam.RevokeSession, Until: until}
		return r, rows.Scan(&r.Seq, &r.ID)
	}, `insert into revocation (realm_id, kind, entity_id, issued_before, until_at)
		select realm_id, 'session', id, 0, $3 from user_session where user_id = $1 and realm_id = $2
		returning seq, entity_id`, userID, realmID, until)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Seq < out[j].Seq })
	if _, err := tx.Exec(`delete from client_session where session_id in
		(select id from user_session where user_id = $1 and realm_id = $2)`, userID, realmID); err != nil {
		return nil, err
	}
	_, err = tx.Exec(`delete from user_session where user_id = $1 and realm_id = $2`, userID, realmID)
	return out, err
}
