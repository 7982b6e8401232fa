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
	rows, err := encodeRealm(in)
	if err != nil {
		return err
	}
	realm := in.Realm.ID
	managers := copyMemberships(members)
	return s.db.Write(ctx, func(tx Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec(row.query, row.args...); err != nil {
				return fmt.Errorf("%s: %w", row.what, err)
			}
		}
		for _, m := range managers {
			if err := insertMembership(tx, realm, m); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`update config_state set version = version + 1 where id = 1`)
		return err
	})
}

// pending is one row waiting to be written, encoded beforehand so that the
// writer is not kept waiting by JSON, and shares nothing with the caller.
type pending struct {
	what, query string
	args        []any
}

func encodeRealm(in iam.RealmImport) ([]pending, error) {
	doc, err := encode(in.Realm)
	if err != nil {
		return nil, err
	}
	realm := in.Realm.ID
	rows := []pending{{"realm " + in.Realm.Name,
		`insert into realm (id, name, doc) values ($1, $2, $3)`,
		[]any{realm, in.Realm.Name, doc}}}
	for _, c := range in.Clients {
		if doc, err = encode(c); err != nil {
			return nil, err
		}
		rows = append(rows, pending{"client " + c.ClientID,
			`insert into client (id, realm_id, client_id, doc) values ($1, $2, $3, $4)`,
			[]any{c.ID, realm, c.ClientID, doc}})
	}
	for _, k := range in.Keys {
		if doc, err = encode(k); err != nil {
			return nil, err
		}
		rows = append(rows, pending{"key " + k.KID,
			`insert into signing_key (id, realm_id, kid, doc) values ($1, $2, $3, $4)`,
			[]any{k.ID, realm, k.KID, doc}})
	}
	for i := range in.Users {
		row, err := encodeUser(realm, &in.Users[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
