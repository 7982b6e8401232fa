package recovery

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// renew gives every realm new keys for the algorithms it signs with, and
// disables those that the backup brought, published and verifying ones too: one
// that got out may have been rotated away since, and whoever has it could sign
// what no not-before refuses. RSA takes about a tenth of a second for each realm.
func renew(ctx context.Context, db *sqlite.DB, masterKey []byte, now time.Time) error {
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		return err
	}
	rows, err := db.LoadConfig(ctx)
	if err != nil {
		return err
	}
	if err := rows.Whole(); err != nil { // a key left out would stay good
		return err
	}
	for _, r := range rows.Realms {
		if err := ctx.Err(); err != nil {
			return err
		}
		maker := &keys.Maker{Sealer: sealer, NewID: secret.NewID, Rand: rand.Reader, CommonName: func(string) string { return r.Name }}
		if err := renewRealm(ctx, db, maker, keysOf(rows, r), now); err != nil {
			return fmt.Errorf("new keys for realm %s: %w", r.Name, err)
		}
	}
	return nil
}

// realmKeys are a realm's keys, and what says how long they matter.
type realmKeys struct {
	config iam.RealmConfig
	stored iam.KeySet
}

func keysOf(rows iam.ConfigRows, r iam.Realm) realmKeys {
	k := realmKeys{config: iam.RealmConfig{Realm: r, Clients: map[string]*iam.Client{}}, stored: iam.KeySet{}}
	for i := range rows.Clients {
		if c := &rows.Clients[i]; c.RealmID == r.ID {
			k.config.Clients[c.ClientID] = c
		}
	}
	for _, key := range rows.Keys {
		if key.RealmID == r.ID {
			k.stored = append(k.stored, key)
		}
	}
	return k
}

func renewRealm(ctx context.Context, db *sqlite.DB, maker *keys.Maker, k realmKeys, now time.Time) error {
	realmID, at, lives := k.config.Realm.ID, now.UnixMilli(), k.config.KeyLives()
	next := k.stored.At(at, lives)
	ev := iam.Event{ID: secret.NewID(), At: at, RealmID: realmID, Type: iam.EventAdminCreate, Details: map[string]string{
		"resourceType": "COMPONENT", "resourcePath": "components", "actor": "restore", "immediately": "true"}}
	for _, algorithm := range next.Algorithms() {
		fresh, err := maker.Generate(realmID, algorithm, now)
		if err != nil {
			return err
		}
		next = next.Replaced(fresh, at, lives)
		ev.Details["kid."+algorithm] = fresh.KID
	}
	for _, key := range next {
		if key.Status != iam.KeyPassive {
			continue
		}
		var err error
		if next, err = next.Disabled(key.KID, at, lives); err != nil {
			return err
		}
	}
	if next.Same(k.stored) {
		return nil // a realm without keys
	}
	_, err := db.ChangeKeys(ctx, realmID, k.stored, next, nil, &ev)
	return err
}
