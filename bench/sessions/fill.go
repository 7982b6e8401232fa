package sessions

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// Fill opens n logins of the rig's users in one of its realms, through the
// store, as the password grant would. data is the data folder of a server that
// is stopped.
func Fill(ctx context.Context, data, realmName string, n int) error {
	unlock, err := rig.Unlock(filepath.Dir(data))
	if err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: data, Now: time.Now, Unlock: unlock})
	if err != nil {
		return err
	}
	defer db.Close()
	realm, client, users, err := people(ctx, db, realmName)
	if err != nil {
		return err
	}
	var (
		group sync.WaitGroup
		next  atomic.Int64
		fault atomic.Value
	)
	for range 64 {
		group.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n || fault.Load() != nil {
					return
				}
				if err := db.OpenLogin(ctx, aLogin(realm, client, users[i%len(users)].ID, time.Now())); err != nil {
					fault.Store(err)
				}
			}
		})
	}
	group.Wait()
	if err, ok := fault.Load().(error); ok {
		return err
	}
	return nil
}

// people are the ids of a realm and its client, and some of its users.
func people(ctx context.Context, db *sqlite.DB, realmName string) (realm, client string, users []iam.User, err error) {
	rows, err := db.LoadConfig(ctx)
	if err != nil {
		return "", "", nil, err
	}
	i := slices.IndexFunc(rows.Realms, func(r iam.Realm) bool { return r.Name == realmName })
	if i < 0 {
		return "", "", nil, fmt.Errorf("there is no realm %s", realmName)
	}
	realm = rows.Realms[i].ID
	i = slices.IndexFunc(rows.Clients, func(c iam.Client) bool { return c.RealmID == realm && c.ClientID == rig.Client })
	users, err = db.Users(ctx, realm, "", 1000)
	return realm, rows.Clients[i].ID, users, err
}

func aLogin(realm, clientID, userID string, at time.Time) iam.Login {
	session, dead := rand.Text(), at.Add(75*time.Minute).UnixMilli()
	return iam.Login{
		Session: iam.UserSession{ID: session, RealmID: realm, UserID: userID, StartedAt: at.UnixMilli(), LastRefresh: at.UnixMilli(),
			Address: "127.0.0.1", Method: "openid-connect", DeadAt: dead},
		ClientSession: iam.ClientSession{SessionID: session, ClientID: clientID, StartedAt: at.UnixMilli()},
		Family: &iam.Family{ID: rand.Text(), RealmID: realm, SessionID: session, ClientID: clientID, UserID: userID,
			Scope: "openid profile email", Rotating: true, Window: 10_000, Recovery: iam.RecoverUnconfirmed, Gen: 1, Salt: make([]byte, 16),
			KeyID: "key", IssuedAt: at.Unix(), ExpiresAt: at.Unix() + 3600, DeadAt: dead},
	}
}
