package examine

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/doctor"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// hashPage and mostHashes bound the passwords that are looked at in a realm.
const (
	hashPage   = 1000
	mostHashes = 100_000
)

// lookAtStore opens the database beside the server and reads what is judged.
func lookAtStore(ctx context.Context, o Options) (found doctor.Store, realms []doctor.Realm) {
	db, err := open(ctx, o)
	if err != nil {
		return unreadable(o, err), nil
	}
	defer db.Close() // it only read
	rows, err := db.LoadConfig(ctx)
	if err != nil {
		return unreadable(o, err), nil
	}
	found.Realms = len(rows.Realms)
	for _, row := range rows.Damaged {
		found.Damaged = append(found.Damaged, named(row))
	}
	if found.Unsealed, found.SealAge, err = unsealed(ctx, db); err != nil {
		found.Unread = append(found.Unread, fmt.Errorf("the record of events: %w", err))
	}
	for _, r := range rows.Realms {
		in := realm(rows, r)
		if in.WeakHashes, in.Hashes, err = weakHashes(ctx, db, r.ID); err != nil {
			found.Unread = append(found.Unread, fmt.Errorf("the passwords of realm %s: %w", r.Name, err))
		}
		realms = append(realms, in)
	}
	if o.Deep {
		found.Deep = lookDeep(ctx, db, &found)
	}
	return found, realms
}

func open(ctx context.Context, o Options) (*sqlite.Inspection, error) {
	if o.MasterKey == nil {
		return nil, o.KeyError
	}
	sealer, err := secret.NewSealer(o.MasterKey)
	if err != nil {
		return nil, err
	}
	return sqlite.Inspect(ctx, o.Config.Data, sealer.UnlockRoot, time.Now)
}

// realm is one realm with what belongs to it.
func realm(rows iam.ConfigRows, r iam.Realm) doctor.Realm {
	in := doctor.Realm{Realm: r}
	for _, c := range rows.Clients {
		if c.RealmID == r.ID {
			in.Clients = append(in.Clients, c)
		}
	}
	for _, k := range rows.Keys {
		if k.RealmID == r.ID {
			in.Keys = append(in.Keys, doctor.Key{Key: k, Bits: bits(&k)})
		}
	}
	return in
}

func named(row iam.DamagedRow) string { return fmt.Sprintf("table %s, row %s", row.Table, row.ID) }

// unsealed is how many events wait for their seal, and for how long the oldest
// of them has.
func unsealed(ctx context.Context, db *sqlite.Inspection) (n int64, age time.Duration, err error) {
	chain, err := db.Chain(ctx)
	if err != nil {
		return 0, 0, err
	}
	waiting, err := db.EventRows(ctx, chain.HeadRow, 1)
	if err != nil || len(waiting) == 0 {
		return 0, 0, err
	}
	n, err = db.CountEvents(ctx, chain.HeadRow)
	return n, time.Since(time.UnixMilli(waiting[0].At)), err
}

// bits is the size of an RSA key.
func bits(k *iam.Key) int {
	public, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return 0
	}
	if key, ok := public.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}

// weakHashes counts the passwords that a login would hash anew.
func weakHashes(ctx context.Context, db *sqlite.Inspection, realmID string) (weak, all int, err error) {
	hasher := secret.NewHasher()
	for after := ""; all < mostHashes; {
		users, err := db.Passwords(ctx, realmID, after, hashPage)
		if err != nil {
			return 0, 0, err
		}
		for _, u := range users {
			after = u.ID
			if u.Password == nil {
				continue
			}
			all++
			if hasher.NeedsRehash(u.Password.SecretData, u.Password.CredentialData) {
				weak++
			}
		}
		if len(users) < hashPage {
			break
		}
	}
	return weak, all, nil
}

// lookDeep looks at every row and at the whole record of events. What cannot be
// read is added to found.
func lookDeep(ctx context.Context, db *sqlite.Inspection, found *doctor.Store) *doctor.Deep {
	deep := &doctor.Deep{}
	checked, err := db.Check(ctx)
	if err != nil {
		found.Unread = append(found.Unread, fmt.Errorf("the rows: %w", err))
		return nil
	}
	deep.Rows, deep.Broken = checked.Rows, checked.Broken
	for _, row := range checked.Damaged {
		deep.Damaged = append(deep.Damaged, named(row))
	}
	record, err := audit.Verify(ctx, db, audit.NewKeys(db.RootKey()), nil)
	if err != nil {
		found.Unread = append(found.Unread, fmt.Errorf("the record of events: %w", err))
	}
	for _, f := range record.Findings {
		deep.Events = append(deep.Events, f.Text)
	}
	return deep
}
