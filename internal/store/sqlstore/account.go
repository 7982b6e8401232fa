package sqlstore

import (
	"context"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// AddUser writes a user into an existing realm, a member of the VideoManagers
// with the given ids, with the event. iam.ErrConflict: the name or id is taken;
// iam.ErrNotFound: no such realm or VideoManager.
func (s *Store) AddUser(ctx context.Context, u iam.User, memberOf []int64, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	rows, err := s.accountRows(&u, memberOf)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx Tx) error {
		if err := insertAll(tx, rows); err != nil {
			return err
		}
		return record.insert(tx)
	})
}

// accountRows are the rows of a new user.
func (s *Store) accountRows(u *iam.User, memberOf []int64) ([]pending, error) {
	row, err := s.encodeUser(u.RealmID, u)
	if err != nil {
		return nil, err
	}
	rows := []pending{row}
	for _, vm := range memberOf {
		rows = append(rows, pending{fmt.Sprintf("member of VideoManager %d", vm), insertMember, s.memberArgs(u.RealmID, vm, u.ID)})
	}
	return rows, nil
}

func insertAll(tx Tx, rows []pending) error {
	for _, row := range rows {
		if err := row.insert(tx); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword writes the password and the document of next, where prev is what
// is stored, and ends all sessions of the user; the returned feed entries
// refuse their access tokens until the given time. iam.ErrStale: the user is
// not prev any more; iam.ErrNotFound: gone.
func (s *Store) SetPassword(ctx context.Context, prev, next iam.User, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	was, err := encode(prev)
	if err != nil {
		return nil, err
	}
	id, realm := prev.ID, prev.RealmID
	next.ID, next.Enabled = prev.ID, prev.Enabled
	doc, err := encode(next)
	if err != nil {
		return nil, err
	}
	pw := password(next.Password)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		u, err := s.storedUser(tx, realm, id)
		if err != nil {
			return nil, err
		}
		if err := unchanged(u, was); err != nil {
			return nil, err
		}
		epoch := u.Epoch + 1
		args := append([]any{id, doc, epoch, s.sums.user(id, realm, u.Enabled, epoch, doc), s.sums.password(id, epoch, next.Password)}, pw...)
		if _, err := tx.Exec(`update users set doc = $2, epoch = $3, sum = $4, pw_sum = $5,
			pw_id = $6, pw_label = $7, pw_created_at = $8, pw_secret = $9, pw_data = $10 where id = $1`, args...); err != nil {
			return nil, err
		}
		out, err := s.endUserSessions(tx, realm, id, until)
		if err != nil {
			return nil, err
		}
		return out, record.insert(tx)
	})
}

// AddServiceClient writes a client with its service account into an existing
// realm and moves the configuration version. iam.ErrConflict: an id or name is
// taken; iam.ErrNotFound: no such realm.
func (s *Store) AddServiceClient(ctx context.Context, c iam.Client, account iam.User, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	doc, err := encode(c)
	if err != nil {
		return err
	}
	rows, err := s.accountRows(&account, nil)
	if err != nil {
		return err
	}
	rows = append(rows, pending{"client " + c.ClientID,
		`insert into client (id, realm_id, client_id, doc, sum) values ($1, $2, $3, $4, $5)`,
		[]any{c.ID, c.RealmID, c.ClientID, doc, s.sums.client(c.ID, c.RealmID, c.ClientID, doc)}})
	return s.db.Write(ctx, func(tx Tx) error {
		if err := insertAll(tx, rows); err != nil {
			return err
		}
		_, err := s.changed(tx, nil, record)
		return err
	})
}
