package sqlstore

import (
	"context"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// ImportRealm writes a whole realm with its VideoManagers, all or nothing, and
// moves the configuration version. iam.ErrConflict: the realm's id or name
// exists, or two things in the import share an id or a name;
// iam.ErrNotFound: a membership names a user that is not in the import.
func (s *Store) ImportRealm(ctx context.Context, in iam.RealmImport, members []vms.Membership) error {
	return s.AddRealm(ctx, in, members, nil)
}

// AddRealm is ImportRealm with an event.
func (s *Store) AddRealm(ctx context.Context, in iam.RealmImport, members []vms.Membership, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	rows, err := s.encodeRealm(in)
	if err != nil {
		return err
	}
	realm := in.Realm.ID
	managers := copyMemberships(members)
	return s.db.Write(ctx, func(tx Tx) error {
		for _, row := range rows {
			if err := row.insert(tx); err != nil {
				return err
			}
		}
		for _, m := range managers {
			if err := s.insertMembership(tx, realm, m); err != nil {
				return err
			}
		}
		_, err := s.changed(tx, nil, record)
		return err
	})
}

// pending is one row waiting to be written, encoded beforehand so that the
// writer is not kept waiting by JSON, and shares nothing with the caller.
type pending struct {
	what, query string
	args        []any
}

// insert writes the row. One that the query itself leaves out is a conflict: a
// user with the id of a deleted one.
func (p pending) insert(tx Tx) error {
	n, err := tx.Exec(p.query, p.args...)
	if err := must(n, err, iam.ErrConflict); err != nil {
		return fmt.Errorf("%s: %w", p.what, err)
	}
	return nil
}

func (s *Store) encodeRealm(in iam.RealmImport) ([]pending, error) {
	doc, err := encode(in.Realm)
	if err != nil {
		return nil, err
	}
	realm := in.Realm.ID
	rows := []pending{{"realm " + in.Realm.Name, insertRealm,
		[]any{realm, in.Realm.Name, doc, s.sums.realm(realm, in.Realm.Name, doc)}}}
	for i := range in.Clients {
		row, err := s.encodeClient(realm, &in.Clients[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	for i := range in.Keys {
		row, err := s.encodeKey(realm, &in.Keys[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	for i := range in.Users {
		row, err := s.encodeUser(realm, &in.Users[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

const insertRealm = `insert into realm (id, name, doc, sum) values ($1, $2, $3, $4)`

func (s *Store) encodeClient(realmID string, c *iam.Client) (pending, error) {
	doc, err := encode(c)
	return pending{"client " + c.ClientID,
		`insert into client (id, realm_id, client_id, doc, sum) values ($1, $2, $3, $4, $5)`,
		[]any{c.ID, realmID, c.ClientID, doc, s.sums.client(c.ID, realmID, c.ClientID, doc)}}, err
}

func (s *Store) encodeKey(realmID string, k *iam.Key) (pending, error) {
	doc, err := encode(k)
	return pending{"key " + k.KID,
		`insert into signing_key (id, realm_id, kid, doc, sum) values ($1, $2, $3, $4, $5)`,
		[]any{k.ID, realmID, k.KID, doc, s.sums.key(k.ID, realmID, k.KID, doc)}}, err
}
