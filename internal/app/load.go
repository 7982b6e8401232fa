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

// loadConfig reads the stored configuration and opens what is sealed.
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
		if err := a.openClient(c); err != nil {
			return nil, err
		}
		if r := byID[c.RealmID]; r != nil {
			r.Clients[c.ClientID] = c
		}
	}
	keysOf := map[string][]iam.Key{}
	for _, k := range rows.Keys {
		keysOf[k.RealmID] = append(keysOf[k.RealmID], k)
	}
	for id, r := range byID {
		set := iam.KeySet(keysOf[id]).At(a.clock.Now().UnixMilli(), r.KeyLives())
		if r.Keys, r.JWKS, r.PublicKey, err = keys.Open(set, a.sealer, rand.Reader); err != nil {
			return nil, fmt.Errorf("realm %s: %w", r.Realm.Name, err)
		}
	}
	return cfg, nil
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
