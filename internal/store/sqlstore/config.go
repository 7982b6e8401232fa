package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// LoadConfig reads all realms, clients and keys as of one moment.
func (s *Store) LoadConfig(ctx context.Context) (iam.ConfigRows, error) {
	var out iam.ConfigRows
	err := s.db.Snapshot(ctx, func(tx Tx) (err error) {
		out, err = loadConfig(tx)
		return err
	})
	if err != nil {
		return iam.ConfigRows{}, err
	}
	return out, nil
}

func loadConfig(tx Tx) (out iam.ConfigRows, err error) {
	if out.Version, err = configVersion(tx); err != nil {
		return out, err
	}
	out.Realms, err = all(tx, func(rows *sql.Rows) (r iam.Realm, err error) {
		var doc string
		if err = rows.Scan(&r.ID, &r.Name, &doc); err != nil {
			return r, err
		}
		return r, decode("realm "+r.ID, doc, &r)
	}, `select id, name, doc from realm order by name`)
	if err != nil {
		return out, err
	}
	out.Clients, err = all(tx, func(rows *sql.Rows) (c iam.Client, err error) {
		var realm, id, doc string
		if err = rows.Scan(&realm, &id, &doc); err != nil {
			return c, err
		}
		err = decode("client "+id, doc, &c)
		c.RealmID = realm
		return c, err
	}, `select realm_id, id, doc from client order by realm_id, client_id`)
	if err != nil {
		return out, err
	}
	out.Keys, err = all(tx, func(rows *sql.Rows) (k iam.Key, err error) {
		var realm, id, doc string
		if err = rows.Scan(&realm, &id, &doc); err != nil {
			return k, err
		}
		err = decode("key "+id, doc, &k)
		k.RealmID = realm
		return k, err
	}, `select realm_id, id, doc from signing_key order by realm_id, id`)
	return out, err
}

// ConfigVersion grows with every change of what LoadConfig reads.
func (s *Store) ConfigVersion(ctx context.Context) (int64, error) {
	return read(ctx, s.db, configVersion)
}

func configVersion(tx Tx) (v int64, err error) {
	err = tx.QueryRow(`select version from config_state where id = 1`).Scan(&v)
	return v, err
}

// Probe does on the writer's path what a token request does there: one small
// durable write. It fails when a login would.
func (s *Store) Probe(ctx context.Context) error {
	return s.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(`update heartbeat set at = $1 where id = 1`, tx.Now())
		return err
	})
}
