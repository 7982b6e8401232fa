package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const selectSession = `select s.id, s.realm_id, s.user_id, s.started_at, s.last_refresh, s.remember_me, s.offline,
		s.address, s.method, s.dead_at, s.sum, s.touch_sum, u.username
	from `

// Sessions is one page of a realm's user sessions, with the clients they are
// used at; in the order of their cursors, or of their ids where the query names
// a client.
func (s *Store) Sessions(ctx context.Context, realmID string, q iam.SessionQuery) ([]iam.SessionInfo, error) {
	user, session := splitCursor(q.After)
	query, args := selectSession+`user_session s left join users u on u.id = s.user_id
		where s.realm_id = $1 and (s.user_id, s.id) > ($2, $3)
		order by s.user_id, s.id limit $4`, []any{realmID, user, session, q.Limit}
	switch {
	case q.UserID != "":
		query, args = selectSession+`user_session s left join users u on u.id = s.user_id
			where s.realm_id = $1 and s.user_id = $2 and s.id > $3
				and ($4 = '' or exists (select 1 from client_session c where c.session_id = s.id and c.client_id = $4))
			order by s.id limit $5`, []any{realmID, q.UserID, session, q.ClientID, q.Limit}
	case q.ClientID != "":
		query, args = selectSession+`client_session c cross join user_session s on s.id = c.session_id
			left join users u on u.id = s.user_id
			where c.client_id = $1 and c.session_id > $2 and s.realm_id = $3
			order by c.session_id limit $4`, []any{q.ClientID, session, realmID, q.Limit}
	}
	var out []iam.SessionInfo
	err := s.db.Snapshot(ctx, func(tx Tx) (err error) {
		if out, err = all(tx, s.scanSession, query, args...); err != nil {
			return err
		}
		for i := range out {
			if out[i].Clients, err = s.usesOf(tx, out[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// splitCursor is the reverse of iam.SessionInfo.Cursor; session ids hold no
// slash.
func splitCursor(after string) (user, session string) {
	if i := strings.LastIndexByte(after, '/'); i >= 0 {
		return after[:i], after[i+1:]
	}
	return "", after
}

// scanSession takes the columns of selectSession.
func (s *Store) scanSession(rows *sql.Rows) (iam.SessionInfo, error) {
	r, err := scanRow(rows)
	if err != nil {
		return iam.SessionInfo{}, err
	}
	u := iam.UserSession{ID: r.text(), RealmID: r.text(), UserID: r.text(), StartedAt: r.number(), LastRefresh: r.number(),
		RememberMe: r.flag(), Offline: r.flag(), Address: r.text(), Method: r.text(), DeadAt: r.number()}
	sum, touch, name := r.number(), r.number(), r.text()
	switch {
	case r.err != nil:
		return iam.SessionInfo{}, s.sums.broken(tableSession, u.ID, r.err)
	case sum != s.sums.session(&u), touch != s.sums.sessionTouch(u.ID, u.LastRefresh, u.DeadAt):
		return iam.SessionInfo{}, s.sums.damaged(tableSession, u.ID)
	}
	return iam.SessionInfo{UserSession: u, Username: name}, nil
}

// usesOf lists the clients that a session is used at. What it tells of the
// families decides nothing, and is not compared with their sums.
func (s *Store) usesOf(tx Tx, sessionID string) ([]iam.ClientUse, error) {
	return all(tx, func(rows *sql.Rows) (iam.ClientUse, error) {
		r, err := scanRow(rows)
		if err != nil {
			return iam.ClientUse{}, err
		}
		c := iam.ClientSession{SessionID: sessionID, ClientID: r.text(), StartedAt: r.number()}
		sum := r.number()
		u := iam.ClientUse{ClientID: c.ClientID, StartedAt: c.StartedAt, FamilyID: r.text(), Rotating: r.flag(), Gen: r.number(), RevokedAt: r.number()}
		switch {
		case r.err != nil:
			return u, s.sums.broken(tableClientSession, sessionID+"/"+c.ClientID, r.err)
		case sum != s.sums.clientSession(&c):
			return u, s.sums.damaged(tableClientSession, sessionID+"/"+c.ClientID)
		}
		return u, nil
	}, `select c.client_id, c.started_at, c.sum, f.id, f.rotating, f.gen, f.revoked_at
		from client_session c left join token_family f on f.id = c.family_id
		where c.session_id = $1 order by c.client_id`, sessionID)
}

// CountSessions counts a realm's user sessions.
func (s *Store) CountSessions(ctx context.Context, realmID string) (int, error) {
	return read(ctx, s.db, func(tx Tx) (n int, err error) {
		err = tx.QueryRow(`select count(*) from user_session where realm_id = $1`, realmID).Scan(&n)
		return n, err
	})
}

// EndUserSessions ends all sessions of a user; the user stays. The returned
// feed entries, one for each session, refuse their access tokens. Where there
// is none, no event is written. iam.ErrNotFound: no such user.
func (s *Store) EndUserSessions(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if err := exists(tx, `select 1 from users where id = $1 and realm_id = $2`, userID, realmID); err != nil {
			return nil, err
		}
		out, err := s.endUserSessions(tx, realmID, userID, until)
		if err != nil || len(out) == 0 {
			return nil, err
		}
		return out, record.insert(tx)
	})
}

// endStep bounds the sessions that one transaction of EndAllSessions ends, so
// that it never holds up a login for long.
const endStep = 500

// EndAllSessions ends every session of a realm that began at at (Unix ms) or
// before, in steps of a transaction each: after trouble some are left, and the
// call is to be made again. The first step writes the event and a feed entry
// for the realm, which refuses every access token issued until the end of the
// second of at; the last one writes it again for the tokens that sessions still
// got meanwhile. iam.ErrNotFound: no such realm.
func (s *Store) EndAllSessions(ctx context.Context, realmID string, at, until int64, ev *iam.Event) (ended int, out []iam.Revocation, err error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return 0, nil, err
	}
	out, err = write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if err := exists(tx, `select 1 from realm where id = $1`, realmID); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, refuseRealm(realmID, at, until))
	})
	if err != nil {
		return 0, nil, err
	}
	for {
		n, err := write(ctx, s.db, func(tx Tx) (int, error) { return endSome(tx, realmID, at) })
		ended += n
		if err != nil {
			return ended, out, err
		}
		if n < endStep {
			break
		}
	}
	again, err := write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if tx.Now()/1000 <= at/1000 {
			return nil, nil
		}
		return s.revoke(tx, refuseRealm(realmID, tx.Now(), until))
	})
	return ended, append(out, again...), err
}

func refuseRealm(realmID string, at, until int64) iam.Revocation {
	return iam.Revocation{RealmID: realmID, Kind: iam.RevokeRealm, ID: realmID, IssuedBefore: at/1000 + 1, Until: until}
}

// endSome ends some sessions of a realm and tells how many.
func endSome(tx Tx, realmID string, at int64) (int, error) {
	ids, err := all(tx, text, `select id from user_session where realm_id = $1 and started_at <= $2
		order by user_id, id limit $3`, realmID, at, endStep)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := tx.Exec(`delete from client_session where session_id = $1`, id); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`delete from user_session where id = $1`, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// EndEverything ends what an older copy of the store may have brought back: all
// sessions and families of all realms, and by the realms' not-before (Unix s),
// unless theirs is later, all tokens issued before it. It is one transaction,
// meant for a store that serves nobody.
func (s *Store) EndEverything(ctx context.Context, notBefore int64, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx Tx) error {
		for _, query := range []string{`delete from client_session`, `delete from user_session`, `delete from token_family`} {
			if _, err := tx.Exec(query); err != nil {
				return err
			}
		}
		if err := s.notBeforeAll(tx, notBefore); err != nil {
			return err
		}
		_, err := s.changed(tx, nil, record)
		return err
	})
}

// notBeforeAll moves every realm's not-before (Unix s) up.
func (s *Store) notBeforeAll(tx Tx, second int64) error {
	realms, err := storedRows(tx, s.fillRealm, selectRealms)
	if err != nil {
		return err
	}
	for _, r := range realms {
		r.NotBefore = max(r.NotBefore, second)
		doc, err := encode(r)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`update realm set doc = $1, sum = $2 where id = $3`,
			doc, s.sums.realm(r.ID, r.Name, doc), r.ID); err != nil {
			return err
		}
	}
	return nil
}
