package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
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
		return make([]byte, rootKeySize), nil
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
		if _, err := c.exec(`insert into store_key (id, sealed) values (1, $1)
			on conflict (id) do update set sealed = excluded.sealed`, store); err != nil {
			return nil, err
		}
	}
	return root, nil
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
