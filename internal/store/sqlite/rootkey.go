package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

// ErrNoRootKey says that a store that is in use has lost its root key: its
// rows cannot be judged any more.
var ErrNoRootKey = errors.New("the root key of the store is gone")

// rootKeySize is the length of a root key in bytes.
const rootKeySize = 32

type unlocker = func(sealed []byte) (root, store []byte, err error)

// rootKey opens the store's root key, and makes it where the store is new.
func rootKey(c *conn, unlock unlocker) ([]byte, error) {
	if unlock == nil {
		root := make([]byte, rootKeySize)
		return root, sqlstore.Begin(tx{c, 0}, root)
	}
	sealed, err := sealedRootKey(c)
	if err != nil {
		return nil, err
	}
	root, store, err := unlock(sealed)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if store != nil {
		if err := keepRootKey(c, root, store, sealed == nil); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// keepRootKey writes the sealed root key, and with that of a new store what
// the store begins with: a store that has the one and not the other has lost it.
func keepRootKey(c *conn, root, sealed []byte, isNew bool) error {
	if _, err := c.exec(`begin immediate`); err != nil {
		return err
	}
	if _, err := c.exec(`insert into store_key (id, sealed) values (1, $1)
		on conflict (id) do update set sealed = excluded.sealed`, sealed); err != nil {
		return err
	}
	if isNew {
		if err := sqlstore.Begin(tx{c, 0}, root); err != nil {
			return err
		}
	}
	_, err := c.exec(`commit`)
	return err
}

// sealedRootKey is nil for a store that nothing was written to yet.
func sealedRootKey(c *conn) (sealed []byte, err error) {
	err = c.queryRow(`select sealed from store_key where id = 1`).Scan(&sealed)
	if !errors.Is(err, sql.ErrNoRows) {
		return sealed, err
	}
	var used bool
	if err := c.queryRow(`select exists (select 1 from realm)`).Scan(&used); err != nil {
		return nil, err
	}
	if used {
		return nil, ErrNoRootKey
	}
	return nil, nil
}
