package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// documentColumns are what fillDocument takes, passwordColumns what fillPassword
// takes; the alias is u.
const (
	documentColumns = `u.doc, concat_ws('` + sep + `', u.enabled, u.epoch, u.sum)`
	passwordColumns = `u.pw_id, u.pw_label, u.pw_secret, u.pw_data, concat_ws('` + sep + `', coalesce(u.pw_created_at, 0), u.pw_sum)`
)

const selectUser = `select u.id, ` + documentColumns + `, ` + passwordColumns + ` from users u `

// users are those of a realm that a query finds, which begins with selectUser.
func (s *Store) users(tx Tx, query, realmID string, args ...any) ([]iam.User, error) {
	return all(tx, func(rows *sql.Rows) (iam.User, error) {
		r, err := scanRow(rows)
		if err != nil {
			return iam.User{}, err
		}
		return s.fillUser(realmID, r)
	}, query, append([]any{realmID}, args...)...)
}

// fillUser takes the columns of selectUser, in their order, of a row in which
// the realm should be as given.
func (s *Store) fillUser(realmID string, r *row) (iam.User, error) {
	id := r.text()
	u, err := s.fillDocument(r, id, realmID)
	if err != nil {
		return iam.User{}, err
	}
	u.Password, err = s.fillPassword(r, id, u.Epoch)
	return u, err
}

// fillDocument takes documentColumns.
func (s *Store) fillDocument(r *row, id, realmID string) (iam.User, error) {
	doc, p := r.text(), r.packed()
	enabled, epoch, sum := p.flag(), p.number(), p.number()
	if r.err != nil {
		return iam.User{}, s.sums.broken(tableUser, id, r.err)
	}
	return s.docs.user(id, realmID, doc, enabled, epoch, sum)
}

// fillPassword takes passwordColumns of a user at an epoch; nil when there is no
// password.
func (s *Store) fillPassword(r *row, userID string, epoch int64) (*iam.Credential, error) {
	c := &iam.Credential{ID: r.text(), Type: "password", Label: r.text()}
	present := !r.null()
	c.SecretData, c.CredentialData = r.text(), r.text()
	p := r.packed()
	c.CreatedAt = p.number()
	sum := p.number()
	if !present {
		c = nil
	}
	if r.err != nil {
		return nil, s.sums.broken(tableUser, userID, r.err)
	}
	return c, s.sums.check(tableUser, userID, sum, s.sums.password(userID, epoch, c))
}

func (s *Store) encodeUser(realmID string, u *iam.User) (pending, error) {
	doc, err := encode(u)
	if err != nil {
		return pending{}, err
	}
	args := []any{u.ID, realmID, iam.CanonicalName(u.Username), iam.CanonicalName(u.Email), flag(u.Enabled), doc,
		s.sums.user(u.ID, realmID, u.Enabled, firstEpoch, doc), s.sums.password(u.ID, firstEpoch, u.Password)}
	return pending{"user " + u.Username,
		`insert into users (id, realm_id, username, email, enabled, doc, epoch, sum, pw_sum,
			pw_id, pw_label, pw_created_at, pw_secret, pw_data)
		select $1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $11, $12, $13
		where not exists (select 1 from deleted_user where id = $1)`,
		append(args, password(u.Password)...)}, nil
}

// firstEpoch is a new user's.
const firstEpoch = 1

// password are the five columns of a password, null when none is set.
func password(c *iam.Credential) []any {
	if c == nil {
		return []any{nil, nil, nil, nil, nil}
	}
	return []any{c.ID, c.Label, c.CreatedAt, c.SecretData, c.CredentialData}
}

// AddUsers writes users into an existing realm and makes them members of the
// VideoManagers with the given ids, all or nothing. iam.ErrConflict: a name or
// id is taken; iam.ErrNotFound: no such realm or VideoManager.
func (s *Store) AddUsers(ctx context.Context, realmID string, users []iam.User, memberOf []int64) error {
	rows := make([]pending, 0, len(users)*(1+len(memberOf)))
	for i := range users {
		row, err := s.encodeUser(realmID, &users[i])
		if err != nil {
			return err
		}
		rows = append(rows, row)
		for _, vm := range memberOf {
			rows = append(rows, pending{fmt.Sprintf("member of VideoManager %d", vm), insertMember,
				s.memberArgs(realmID, vm, users[i].ID)})
		}
	}
	return s.db.Write(ctx, func(tx Tx) error {
		for _, row := range rows {
			if err := row.insert(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Users lists the realm's users by ascending id from the first one after
// afterID ("" from the start), at most limit, with their credentials.
func (s *Store) Users(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.User, error) {
		return s.users(tx, selectUser+`
			where u.realm_id = $1 and u.id > $2 order by u.id limit $3`, realmID, afterID, limit)
	})
}

// Passwords is Users with nothing of a user but the realm, the id and the
// password: for looking at the hashes of a large realm. A damaged password is
// told of and left out, since nobody logs in with it.
func (s *Store) Passwords(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.User, error) {
		return all(tx, func(rows *sql.Rows) (iam.User, error) {
			r, err := scanRow(rows)
			if err != nil {
				return iam.User{}, err
			}
			u := iam.User{RealmID: realmID, ID: r.text()}
			u.Password, err = s.fillPassword(r, u.ID, r.number())
			if errors.Is(err, iam.ErrDamaged) {
				u.Password, err = nil, nil
			}
			return u, err
		}, `select u.id, u.epoch, `+passwordColumns+` from users u
			where u.realm_id = $1 and u.id > $2 order by u.id limit $3`, realmID, afterID, limit)
	})
}

// User finds a user by id.
func (s *Store) User(ctx context.Context, realmID, id string) (iam.User, error) {
	return s.oneUser(ctx, userByID, realmID, id, func(u *iam.User) bool { return u.ID == id })
}

// UserByName finds a user by iam.CanonicalName of the user name; bytes must be
// equal, no collation has a say.
func (s *Store) UserByName(ctx context.Context, realmID, canonical string) (iam.User, error) {
	return s.oneUser(ctx, userByName, realmID, canonical, func(u *iam.User) bool {
		return iam.CanonicalName(u.Username) == canonical
	})
}

// UserByEmail finds a user by iam.CanonicalName of the address. An address
// that several users have names none of them: iam.ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error) {
	if canonical == "" {
		return iam.User{}, iam.ErrNotFound
	}
	if !storable(canonical) {
		return iam.User{}, iam.ErrNotFound
	}
	return read(ctx, s.db, func(tx Tx) (iam.User, error) {
		users, err := s.users(tx, selectUser+`
			where u.realm_id = $1 and u.email = $2 limit 2`, realmID, canonical)
		if err != nil {
			return iam.User{}, err
		}
		if len(users) != 1 {
			return iam.User{}, iam.ErrNotFound
		}
		u := users[0]
		if iam.CanonicalName(u.Email) != canonical {
			return iam.User{}, s.sums.damaged(tableUser, u.ID)
		}
		return u, nil
	})
}

const (
	userByID   = selectUser + `where u.realm_id = $1 and u.id = $2`
	userByName = selectUser + `where u.realm_id = $1 and u.username = $2`
)

// storable is false for text that no database stores: it is nobody's name, and
// no error either.
func storable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// oneUser reads the user that a query finds by something unique, and that is
// the one asked for: an index may be damaged too. Every login does, so it goes
// the short way of Family.
func (s *Store) oneUser(ctx context.Context, query, realmID, name string, asked func(*iam.User) bool) (iam.User, error) {
	if !storable(name) {
		return iam.User{}, iam.ErrNotFound
	}
	return read(ctx, s.db, func(tx Tx) (iam.User, error) {
		values, err := tx.First(query, realmID, name)
		if errors.Is(err, sql.ErrNoRows) {
			return iam.User{}, iam.ErrNotFound
		}
		if err != nil {
			return iam.User{}, err
		}
		u, err := s.fillUser(realmID, &row{values: values})
		if err == nil && !asked(&u) {
			err = s.sums.damaged(tableUser, u.ID)
		}
		if err != nil {
			return iam.User{}, err
		}
		return u, nil
	})
}

// UpgradePassword replaces a password's stored form by a better one of the
// same password. iam.ErrStale unless prev is what is stored; sessions stay.
func (s *Store) UpgradePassword(ctx context.Context, userID string, prev, next iam.Credential) error {
	return s.db.Write(ctx, func(tx Tx) error {
		values, err := tx.First(`select u.epoch, `+passwordColumns+` from users u where u.id = $1`, userID)
		if errors.Is(err, sql.ErrNoRows) {
			return iam.ErrStale
		}
		if err != nil {
			return err
		}
		r := &row{values: values}
		epoch := r.number()
		if _, err := s.fillPassword(r, userID, epoch); err != nil { // nor is the epoch vouched for anew
			return err
		}
		n, err := tx.Exec(`update users set pw_id = $1, pw_label = $2, pw_created_at = $3, pw_secret = $4, pw_data = $5, pw_sum = $6
			where id = $7 and pw_id = $8 and pw_secret = $9 and pw_data = $10`,
			next.ID, next.Label, next.CreatedAt, next.SecretData, next.CredentialData, s.sums.password(userID, epoch, &next),
			userID, prev.ID, prev.SecretData, prev.CredentialData)
		return must(n, err, iam.ErrStale)
	})
}

// ChangePassword sets a new password and ends all sessions of the user; the
// returned feed entries refuse their access tokens until the given time.
func (s *Store) ChangePassword(ctx context.Context, realmID, userID string, next iam.Credential, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		u, err := s.storedUser(tx, realmID, userID)
		if err != nil {
			return nil, err
		}
		u.Epoch++
		u.Password = &next
		if err := s.moveUser(tx, &u); err != nil {
			return nil, err
		}
		_, err = tx.Exec(`update users set pw_id = $1, pw_label = $2, pw_created_at = $3, pw_secret = $4, pw_data = $5 where id = $6`,
			next.ID, next.Label, next.CreatedAt, next.SecretData, next.CredentialData, userID)
		if err != nil {
			return nil, err
		}
		out, err := s.endUserSessions(tx, realmID, userID, until)
		if err != nil {
			return nil, err
		}
		return out, record.insert(tx)
	})
}

// moveUser writes enabled and epoch of a user that was read in the same write,
// with both sums; the password is another where the caller writes that too.
// It takes the document as it is stored: another release may have encoded it.
func (s *Store) moveUser(tx Tx, u *iam.User) error {
	doc, err := oneText(tx, `select doc from users where id = $1`, u.ID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update users set enabled = $1, epoch = $2, sum = $3, pw_sum = $4 where id = $5`, flag(u.Enabled), u.Epoch,
		s.sums.user(u.ID, u.RealmID, u.Enabled, u.Epoch, doc), s.sums.password(u.ID, u.Epoch, u.Password), u.ID)
	return err
}

// SetUserEnabled enables or disables a user. Disabling returns a feed entry
// that refuses all access tokens issued until the end of the second of at;
// the sessions stay, for the day the user is enabled again. A user who already
// is as asked for is left alone: no entry, no event.
func (s *Store) SetUserEnabled(ctx context.Context, realmID, userID string, enabled bool, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		u, err := s.storedUser(tx, realmID, userID)
		if err != nil || u.Enabled == enabled {
			return nil, err
		}
		u.Enabled = enabled
		if !enabled {
			u.Epoch++
		}
		if err := s.moveUser(tx, &u); err != nil {
			return nil, err
		}
		if err := record.insert(tx); err != nil || enabled {
			return nil, err
		}
		return s.revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeUser, ID: userID,
			IssuedBefore: at/1000 + 1, Until: until})
	})
}

// exists is nil when the query finds a row, else iam.ErrNotFound.
func exists(tx Tx, query string, args ...any) error {
	var one int
	err := tx.QueryRow(query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return iam.ErrNotFound
	}
	return err
}

// must turns a conditional write that touched no row into its answer.
func must(n int64, err, none error) error {
	if err == nil && n == 0 {
		return none
	}
	return err
}
