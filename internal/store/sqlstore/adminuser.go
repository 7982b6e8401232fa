package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// ReplaceUser writes the document of next, with its user name and e-mail
// address. Enabled, Epoch and Password have facts of their own and stay as they
// are. iam.ErrStale: the user is not prev any more; iam.ErrNotFound: gone;
// iam.ErrConflict: the user name, or an address that is new, is somebody else's.
func (s *Store) ReplaceUser(ctx context.Context, prev, next iam.User, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	was, err := encode(prev)
	if err != nil {
		return err
	}
	id, realm := prev.ID, prev.RealmID
	next.ID, next.Enabled = prev.ID, prev.Enabled
	doc, err := encode(next)
	if err != nil {
		return err
	}
	name, email := iam.CanonicalName(next.Username), iam.CanonicalName(next.Email)
	newEmail := email != "" && email != iam.CanonicalName(prev.Email)
	return s.db.Write(ctx, func(tx Tx) error {
		stored, err := s.unchangedUser(tx, realm, id, was)
		if err != nil {
			return err
		}
		if newEmail {
			err := exists(tx, `select 1 from users where realm_id = $1 and email = $2`, realm, email)
			if err == nil {
				return iam.ErrConflict
			}
			if !errors.Is(err, iam.ErrNotFound) {
				return err
			}
		}
		_, err = tx.Exec(`update users set username = $1, email = $2, doc = $3, sum = $4 where id = $5 and realm_id = $6`,
			name, email, doc, s.sums.user(id, realm, stored.Enabled, stored.Epoch, doc), id, realm)
		if err != nil {
			return err
		}
		return record.insert(tx)
	})
}

// storedUser reads a user inside a write.
func (s *Store) storedUser(tx Tx, realmID, id string) (iam.User, error) {
	users, err := s.users(tx, userByID, realmID, id)
	if err != nil {
		return iam.User{}, err
	}
	if len(users) == 0 {
		return iam.User{}, iam.ErrNotFound
	}
	if users[0].ID != id {
		return iam.User{}, s.sums.damaged(tableUser, id)
	}
	return users[0], nil
}

// unchangedUser is the stored user, when encoding that gives was.
func (s *Store) unchangedUser(tx Tx, realmID, id, was string) (iam.User, error) {
	u, err := s.storedUser(tx, realmID, id)
	if err != nil {
		return u, err
	}
	return u, unchanged(u, was)
}

// unchanged is iam.ErrStale unless encoding the stored document gives was.
// Documents are compared as they are encoded now: an older release may have
// written the same one in another way.
func unchanged(stored any, was string) error {
	is, err := encode(stored)
	if err != nil {
		return err
	}
	if is != was {
		return iam.ErrStale
	}
	return nil
}

// SetUserNotBefore refuses the tokens of a user that were issued before the
// given second (Unix s); 0 refuses none. The returned feed entry refuses access
// tokens until the given time. iam.ErrNotFound: no such user.
func (s *Store) SetUserNotBefore(ctx context.Context, realmID, userID string, notBefore, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		u, err := s.storedUser(tx, realmID, userID)
		if err != nil {
			return nil, err
		}
		u.NotBefore = notBefore
		doc, err := encode(u)
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`update users set doc = $1, sum = $2 where id = $3 and realm_id = $4`,
			doc, s.sums.user(userID, realmID, u.Enabled, u.Epoch, doc), userID, realmID); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil || notBefore == 0 {
			return nil, err
		}
		return s.revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeUser, ID: userID,
			IssuedBefore: notBefore, Until: until})
	})
}

// DeleteUser removes a user with the credentials, sessions, families and
// memberships; the id is never given again. The returned feed entries refuse
// all access tokens of the user until the given time. iam.ErrNotFound: no such
// user.
func (s *Store) DeleteUser(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if _, err := tx.Exec(`delete from vm_member where user_id = $1 and realm_id = $2`, userID, realmID); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`delete from token_family where id in (select c.family_id
			from client_session c join user_session s on s.id = c.session_id
			where s.realm_id = $1 and s.user_id = $2)`, realmID, userID); err != nil {
			return nil, err
		}
		n, err := tx.Exec(`delete from users where id = $1 and realm_id = $2`, userID, realmID)
		if err := must(n, err, iam.ErrNotFound); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`insert into deleted_user (id, realm_id, at) values ($1, $2, $3)`, userID, realmID, at); err != nil {
			return nil, err
		}
		sessions, err := s.endUserSessions(tx, realmID, userID, until)
		if err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		// Nobody logs in as this user again, so the entry may reach ahead.
		gone, err := s.revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeUser, ID: userID,
			IssuedBefore: until/1000 + 1, Until: until})
		return append(sessions, gone...), err
	})
}

// ClearFailures forgets the failed logins under the keys, which unlocks, and
// says whether there were any; where there were none, no event is written.
func (s *Store) ClearFailures(ctx context.Context, realmID string, keys []string, ev *iam.Event) (existed bool, err error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return false, err
	}
	keys = append([]string(nil), keys...)
	return write(ctx, s.db, func(tx Tx) (existed bool, err error) {
		for _, key := range keys {
			err := exists(tx, `select 1 from login_failure where realm_id = $1 and name_key = $2
				and (failures <> 0 or wait_until <> 0 or lockouts <> 0 or locked <> 0 or reservations <> '')`, realmID, []byte(key))
			if errors.Is(err, iam.ErrNotFound) {
				continue
			}
			if err != nil {
				return false, err
			}
			if err := s.clearFailures(tx, realmID, key); err != nil {
				return false, err
			}
			existed = true
		}
		if !existed {
			return false, nil
		}
		return true, record.insert(tx)
	})
}
