package app

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/live"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// loadConfig reads the stored configuration and opens what is sealed. What is
// damaged or does not open is left out, and what is asked for it later is
// answered as trouble; all else works.
func (a *App) loadConfig(ctx context.Context) (*live.Config, error) {
	rows, err := a.store.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	cfg := &live.Config{Version: rows.Version, Realms: make(map[string]*token.Realm, len(rows.Realms))}
	byID := map[string]*token.Realm{}
	for i := range rows.Realms {
		r := rows.Realms[i]
		opened := &token.Realm{
			RealmConfig: &iam.RealmConfig{Realm: r, Clients: map[string]*iam.Client{}},
			Issuer:      a.issuer(r.Name),
		}
		byID[r.ID], cfg.Realms[r.Name] = opened, opened
	}
	for i := range rows.Clients {
		c := &rows.Clients[i]
		r := byID[c.RealmID]
		if r == nil {
			continue
		}
		if err := a.openClient(c); err != nil {
			a.sealedShut(r, err)
			r.ClientsDamaged = true
			continue
		}
		r.Clients[c.ClientID] = c
	}
	keysOf := map[string][]iam.Key{}
	for _, k := range rows.Keys {
		keysOf[k.RealmID] = append(keysOf[k.RealmID], k)
	}
	for id, r := range byID {
		set := iam.KeySet(keysOf[id]).At(a.clock.Now().UnixMilli(), r.KeyLives())
		a.openKeys(r, set)
	}
	spread(cfg, byID, rows.Damaged)
	return cfg, nil
}

// openKeys opens a realm's keys: all, or those that open.
func (a *App) openKeys(r *token.Realm, set []iam.Key) {
	var err error
	if r.Keys, r.JWKS, r.PublicKey, err = keys.Open(set, a.sealer, rand.Reader); err == nil {
		return
	}
	a.sealedShut(r, err)
	var good []iam.Key
	for _, k := range set {
		if _, _, _, err := keys.Open([]iam.Key{k}, a.sealer, rand.Reader); err == nil {
			good = append(good, k)
		}
	}
	if r.Keys, r.JWKS, r.PublicKey, err = keys.Open(good, a.sealer, rand.Reader); err != nil {
		a.sealedShut(r, err)
		r.Keys, r.JWKS, r.PublicKey, _ = keys.Open(nil, a.sealer, rand.Reader)
	}
	r.Keys.Damaged = true
}

// sealedShut tells of what is stored as it was written and is no use.
func (a *App) sealedShut(r *token.Realm, err error) {
	a.log.Error("a part of the configuration does not open: what needs it is answered 503",
		"realm", r.Realm.Name, "error", err)
}

// spread tells the realms which of their rows are damaged. The realm that a
// damaged row names may itself be wrong: one that is nobody's is everybody's.
func spread(cfg *live.Config, byID map[string]*token.Realm, damaged []iam.DamagedRow) {
	for _, row := range damaged {
		realms := byID
		if r := byID[row.RealmID]; r != nil {
			realms = map[string]*token.Realm{row.RealmID: r}
		}
		for _, r := range realms {
			r.ClientsDamaged = r.ClientsDamaged || row.Table == iam.TableClient
			r.Keys.Damaged = r.Keys.Damaged || row.Table == iam.TableKey
		}
		cfg.RealmsDamaged = cfg.RealmsDamaged || row.Table == iam.TableRealm
	}
}

func (a *App) openClient(c *iam.Client) error {
	if len(c.SealedSecret) == 0 {
		return nil
	}
	plain, err := a.sealer.Open(c.SealedSecret, c.RealmID, c.ID, admin.PurposeClientSecret)
	if err != nil {
		return fmt.Errorf("secret of client %s: %w", c.ClientID, err)
	}
	c.Secret = string(plain)
	return nil
}

func (a *App) issuer(realm string) string { return a.public + "/auth/realms/" + realm }
