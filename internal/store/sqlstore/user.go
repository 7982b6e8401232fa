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

// userColumns are what userRow scans; the table's alias is u.
const userColumns = `u.doc, u.enabled, u.epoch, ` + passwordColumns

const passwordColumns = `u.pw_id, u.pw_label, u.pw_created_at, u.pw_secret, u.pw_data`

// userRow is a user as stored; every member is null where a join found none.
type userRow struct {
	doc            sql.NullString
	enabled, epoch sql.NullInt64
	password       passwordRow
}

func (r *userRow) into() []any {
	return append([]any{&r.doc, &r.enabled, &r.epoch}, r.password.into()...)
}

// passwordRow is a password as stored; all null when there is none.
type passwordRow struct {
	id, label    sql.NullString
	created      sql.NullInt64
	secret, data sql.NullString
}

func (r *passwordRow) into() []any {
	return []any{&r.id, &r.label, &r.created, &r.secret, &r.data}
}

func (r *passwordRow) credential() *iam.Credential {
	if !r.secret.Valid {
		return nil
	}
	return &iam.Credential{
		ID: r.id.String, Type: "password", Label: r.label.String, CreatedAt: r.created.Int64,
		SecretData: r.secret.String, CredentialData: r.data.String,
	}
}

// user decodes the row. The columns win over the document, since only they change.
func (r *userRow) user(realmID, id string) (u iam.User, err error) {
	if err = decode("user "+id, r.doc.String, &u); err != nil {
		return iam.User{}, err
	}
	u.ID, u.RealmID = id, realmID
	u.Enabled, u.Epoch = r.enabled.Int64 != 0, r.epoch.Int64
	u.Password = r.password.credential()
	return u, nil
}

func scanUser(rows *sql.Rows) (iam.User, error) {
	var (
		r         userRow
		realm, id string
	)
	if err := rows.Scan(append([]any{&realm, &id}, r.into()...)...); err != nil {
		return iam.User{}, err
	}
	return r.user(realm, id)
}

const selectUser = `select u.realm_id, u.id, ` + userColumns + ` from users u `

func encodeUser(realmID string, u *iam.User) (pending, error) {
	doc, err := encode(u)
	if err != nil {
		return pending{}, err
	}
	args := []any{u.ID, realmID, iam.CanonicalName(u.Username), iam.CanonicalName(u.Email), flag(u.Enabled), doc}
	return pending{"user " + u.Username,
		`insert into users (id, realm_id, username, email, enabled, doc, epoch,
			pw_id, pw_label, pw_created_at, pw_secret, pw_data)
		values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $11)`,
		append(args, password(u.Password)...)}, nil
}

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
		row, err := encodeUser(realmID, &users[i])
		if err != nil {
			return err
		}
		rows = append(rows, row)
		for _, vm := range memberOf {
			rows = append(rows, pending{fmt.Sprintf("member of VideoManager %d", vm), insertMember,
				[]any{realmID, vm, users[i].ID}})
		}
	}
	return s.db.Write(ctx, func(tx Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec(row.query, row.args...); err != nil {
				return fmt.Errorf("%s: %w", row.what, err)
			}
		}
		return nil
	})
}

// Users lists the realm's users by ascending id from the first one after
// afterID ("" from the start), at most limit, with their credentials.
func (s *Store) Users(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.User, error) {
		return all(tx, scanUser, selectUser+`
			where u.realm_id = $1 and u.id > $2 order by u.id limit $3`, realmID, afterID, limit)
	})
}

// Passwords is Users with nothing of a user but the realm, the id and the
// password: for looking at the hashes of a large realm.
func (s *Store) Passwords(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.User, error) {
		return all(tx, func(rows *sql.Rows) (iam.User, error) {
			u, r := iam.User{RealmID: realmID}, passwordRow{}
			err := rows.Scan(append([]any{&u.ID}, r.into()...)...)
			u.Password = r.credential()
			return u, err
		}, `select u.id, `+passwordColumns+` from users u
			where u.realm_id = $1 and u.id > $2 order by u.id limit $3`, realmID, afterID, limit)
	})
}

// User finds a user by id.
func (s *Store) User(ctx context.Context, realmID, id string) (iam.User, error) {
	return s.oneUser(ctx, userByID, realmID, id)
}

// UserByName finds a user by iam.CanonicalName of the user name; bytes must be
// equal, no collation has a say.
func (s *Store) UserByName(ctx context.Context, realmID, canonical string) (iam.User, error) {
	return s.oneUser(ctx, userByName, realmID, canonical)
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
		users, err := all(tx, scanUser, selectUser+`
			where u.realm_id = $1 and u.email = $2 limit 2`, realmID, canonical)
		if err != nil || len(users) == 1 {
			return append(users, iam.User{})[0], err
		}
		return iam.User{}, iam.ErrNotFound
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

// oneUser reads the user that a query finds by something unique. Every login
// does, so it goes the short way of Family.
func (s *Store) oneUser(ctx context.Context, query, realmID, name string) (iam.User, error) {
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
		return s.fillUser(&row{values: values})
	})
}

// fillUser takes the columns of selectUser, in their order.
func (s *Store) fillUser(r *row) (iam.User, error) {
	realm, id := r.text(), r.text()
	u, err := s.docs.user(id, r.text())
	if err != nil {
		return iam.User{}, err
	}
	u.ID, u.RealmID, u.Enabled, u.Epoch = id, realm, r.flag(), r.number()
	p := iam.Credential{ID: r.text(), Type: "password", Label: r.text(), CreatedAt: r.number()}
	present := !r.null()
	p.SecretData, p.CredentialData = r.text(), r.text()
	if present {
		u.Password = &p
	}
	return u, r.err
}

// UpgradePassword replaces a password's stored form by a better one of the
// same password. iam.ErrStale unless prev is what is stored; sessions stay.
func (s *Store) UpgradePassword(ctx context.Context, userID string, prev, next iam.Credential) error {
	return s.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(`update users set pw_id = $1, pw_label = $2, pw_created_at = $3, pw_secret = $4, pw_data = $5
			where id = $6 and pw_id = $7 and pw_secret = $8 and pw_data = $9`,
			next.ID, next.Label, next.CreatedAt, next.SecretData, next.CredentialData,
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
		n, err := tx.Exec(`update users set pw_id = $1, pw_label = $2, pw_created_at = $3, pw_secret = $4, pw_data = $5,
			epoch = epoch + 1 where id = $6 and realm_id = $7`,
			next.ID, next.Label, next.CreatedAt, next.SecretData, next.CredentialData, userID, realmID)
		if err := must(n, err, iam.ErrNotFound); err != nil {
			return nil, err
		}
		out, err := endUserSessions(tx, realmID, userID, until)
		if err != nil {
			return nil, err
		}
		return out, record.insert(tx)
	})
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
		n, err := tx.Exec(`update users set enabled = $1, epoch = epoch + 1 - $1
			where id = $2 and realm_id = $3 and enabled <> $1`, flag(enabled), userID, realmID)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, exists(tx, `select 1 from users where id = $1 and realm_id = $2`, userID, realmID)
		}
		if err := record.insert(tx); err != nil || enabled {
			return nil, err
		}
		return revoke(tx, iam.Revocation{RealmID: realmID, Kind: iam.RevokeUser, ID: userID,
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
