package admin_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// takingStore takes what is imported and keeps nothing.
type takingStore struct {
	*sqlite.DB
	taken   []iam.RealmImport
	members [][]vms.Membership
}

func (s *takingStore) ImportRealm(_ context.Context, in iam.RealmImport, members []vms.Membership) error {
	s.taken, s.members = append(s.taken, in), append(s.members, members)
	return nil
}

// FuzzImport: a realm file is brought in whole or not at all: what is refused
// reaches the store with nothing, and what is taken reaches it once for each
// realm, with every user, client and VideoManager of it, and no password in
// clear.
func FuzzImport(f *testing.F) {
	text, err := os.ReadFile("../realmfile/testdata/keycloak-export.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, s := range []string{
		`{"realm":"r"}`, `[{"realm":"r"},{"realm":"s","users":[{"username":"a"}]}]`, `[{"realm":"r"},{"realm":"r"}]`, `[{"realm":"r"},{"realm":5}]`,
		`{"realm":"r","users":[{"username":"a","credentials":[{"value":"p"}]},{"username":"A"}]}`, `{"realm":"r","users":[{"username":"a","enabled":true},{"username":7}]}`,
		`{"realm":"r","clients":[{"clientId":"c","secret":"s","serviceAccountsEnabled":true},{"clientId":"d","publicClient":true}]}`,
		`{"realm":"r","videoManagers":[{"id":1,"name":"v"},{"id":2,"name":"w","members":["a"]}],"users":[{"username":"a"}]}`, `{"realm":"r","videoManagers":[{"id":1,"name":"v"},{"id":1,"name":"w"}]}`,
		`{"realm":"r","components":{"org.keycloak.keys.KeyProvider":[{"providerId":"rsa","config":{"privateKey":["AAAA"]}}]}}`, `{"realm":"r","roles":{"realm":[{"name":"x"}]},"groups":[{"name":"g"}]}`,
	} {
		f.Add([]byte(s))
	}
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	db, err := sqlite.Open(f.Context(), sqlite.Options{Dir: f.TempDir() + "/data", Now: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	sealer, err := secret.NewSealer(make([]byte, secret.MasterKeySize))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		drafts, _, err := realmfile.Parse("r.json", data)
		if err != nil || len(drafts) > 20 {
			return
		}
		store := &takingStore{DB: db}
		im := &admin.Importer{
			Store: store, Sealer: sealer, Hasher: secret.Hasher{Passes: 1, Memory: 8}, NewID: secret.NewID, Now: now, Hashers: 1,
			Keys:   maker{&keys.Maker{Sealer: sealer, NewID: secret.NewID, Rand: randomness{}}},
			Scopes: admin.Scopes{All: token.BuiltinScopes(), Default: token.BuiltinDefaults(), Optional: token.BuiltinOptionals()},
		}
		out, err := im.Bring(context.Background(), drafts, true)
		if err != nil {
			if len(store.taken) != len(out) {
				t.Fatalf("%v after %d of %d realms, %d told of", err, len(store.taken), len(drafts), len(out))
			}
			return
		}
		if len(store.taken) != len(drafts) || len(out) != len(drafts) {
			t.Fatalf("%d of %d realms", len(store.taken), len(drafts))
		}
		for i := range drafts {
			checkTaken(t, &drafts[i], &store.taken[i], store.members[i])
		}
	})
}

func checkTaken(t *testing.T, d *realmfile.Draft, in *iam.RealmImport, members []vms.Membership) {
	t.Helper()
	accounts := 0
	for _, u := range in.Users {
		if u.ServiceAccountOf != "" {
			accounts++
		}
		if u.ID == "" || u.Password != nil && secret.CheckPasswordHash(u.Password.SecretData, u.Password.CredentialData) != nil {
			t.Fatalf("user %q: id %q, password %+v", u.Username, u.ID, u.Password)
		}
	}
	if len(in.Users) < len(d.Users) || len(in.Users) > len(d.Users)+accounts || len(in.Clients) < len(d.Clients) || len(members) < len(d.VideoManagers) {
		t.Fatalf("%d users of %d, %d clients of %d, %d VideoManagers of %d", len(in.Users), len(d.Users), len(in.Clients), len(d.Clients), len(members), len(d.VideoManagers))
	}
	for _, c := range in.Clients {
		if !c.Public && !c.BearerOnly && c.Enabled && len(c.SealedSecret) == 0 && c.Protocol == "openid-connect" {
			t.Fatalf("client %q has no secret", c.ClientID)
		}
	}
}
