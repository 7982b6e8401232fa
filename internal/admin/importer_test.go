package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/keys"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// maker makes keys by package keys; RSA is replaced by a curve, to be fast.
type maker struct{ *keys.Maker }

func (m maker) Generate(r *iam.Realm, alg string, at time.Time) (iam.Key, error) {
	if alg == "RS256" {
		alg = "ES256"
	}
	return m.Maker.Generate(r.ID, alg, at)
}

func (m maker) Import(r *iam.Realm, k realmfile.KeyMaterial, at time.Time) (iam.Key, error) {
	return m.Maker.Import(r.ID, keys.Material{KID: k.KID, Algorithm: k.Algorithm, Status: k.Status, Priority: k.Priority,
		Private: k.Private, Secret: k.Secret, Certificate: k.Certificate}, at)
}

func importer(t *testing.T) (*admin.Importer, *sqlite.DB) {
	t.Helper()
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir() + "/data", Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := secret.NewSealer(bytes.Repeat([]byte("k"), secret.MasterKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &admin.Importer{
		Store: db, Sealer: sealer, Hasher: secret.Hasher{Passes: 1, Memory: 64}, NewID: secret.NewID, Now: now, Hashers: 2,
		Keys:   maker{&keys.Maker{Sealer: sealer, NewID: secret.NewID, Rand: randomness{}}},
		Scopes: admin.Scopes{All: token.BuiltinScopes(), Default: token.BuiltinDefaults(), Optional: token.BuiltinOptionals()},
	}, db
}

// randomness is secret's, as a reader.
type randomness struct{}

func (randomness) Read(p []byte) (int, error) { return copy(p, secret.Token(len(p))), nil }

func bring(t *testing.T, im *admin.Importer, text string, create bool) []admin.Outcome {
	t.Helper()
	drafts, _, err := realmfile.Parse("realm.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := im.Bring(t.Context(), drafts, create)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func export(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../realmfile/testdata/keycloak-export.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSecondStart: the same file says nothing new about what it made.
func TestSecondStart(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"export":  export(t),
		"minimal": `{"realm": "r", "clients": [{"clientId": "c", "publicClient": false, "serviceAccountsEnabled": true}], "users": [{"username": "a", "credentials": [{"value": "p"}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im, _ := importer(t)
			if first := bring(t, im, text, true)[0]; !first.Created {
				t.Fatalf("not made: %+v", first)
			}
			second := bring(t, im, text, true)[0]
			if second.Created || len(second.Differences) > 0 {
				t.Errorf("created %v, differences %q", second.Created, second.Differences)
			}
			if len(second.Unchecked) != 1 {
				t.Fatalf("%d plain passwords to compare, want 1", len(second.Unchecked))
			}
			if wrong, err := im.Differs(t.Context(), second.Unchecked); err != nil || slices.Contains(wrong, true) {
				t.Errorf("passwords: %v, %v", wrong, err)
			}
		})
	}
}

// TestDifferencesAreNamed: what exists is kept, and each thing the file says
// differently has its line, secrets without their values.
func TestDifferencesAreNamed(t *testing.T) {
	t.Parallel()
	const text = `{"realm": "r", "accessTokenLifespan": 300,
	"roles": {"realm": [{"name": "editor"}]},
	"clients": [{"clientId": "c", "publicClient": false, "directAccessGrantsEnabled": true, "secret": "one", "redirectUris": ["https://a/*"]}],
	"users": [{"username": "a", "firstName": "Anna", "credentials": [{"value": "right"}]}, {"username": "b"}],
	"smtpServer": {"password": "one"},
	"videoManagers": [{"id": 1, "name": "v", "members": ["a"]}]}`
	im, db := importer(t)
	bring(t, im, text, true)
	before, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(`"accessTokenLifespan": 300`, `"accessTokenLifespan": 60`, `"editor"`, `"author"`, `"directAccessGrantsEnabled": true`, `"directAccessGrantsEnabled": false`, `"secret": "one"`, `"secret": "two"`,
		`"https://a/*"`, `"https://b/*"`, `"Anna"`, `"Hannah"`, `"right"`, `"wrong"`, `{"username": "b"}`, `{"username": "b", "credentials": [{"value": "p"}]}, {"username": "c"}`,
		`"password": "one"`, `"password": "two"`, `"members": ["a"]`, `"members": ["a", "b"]`).Replace(text)
	out := bring(t, im, changed, true)[0]
	want := []string{
		`r: accessTokenLifespan: stored 300, file 60`,
		`r: clients["c"].directAccessGrantsEnabled: stored true, file false`,
		`r: clients["c"].redirectUris: stored ["https://a/*"], file ["https://b/*"]`,
		`r: clients["c"].secret: differs`,
		`r: kept.smtpServer: differs`,
		`r: roles["author"]: is not stored`,
		`r: users["a"].firstName: stored "Anna", file "Hannah"`,
		`r: users["c"]: is not stored`,
		`r: videoManagers["1"].members: stored ["a"], file ["a","b"]`,
		`r: users["b"]: the file has a password, stored is none`,
	}
	if diff := cmp.Diff(want, out.Differences); diff != "" {
		t.Error(diff)
	}
	wrong, err := im.Differs(t.Context(), out.Unchecked)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{true}, wrong); diff != "" {
		t.Error(diff)
	}
	after, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the comparison changed the store:\n%s", diff)
	}
}

// TestWithoutCreate only names a realm that is not there.
func TestWithoutCreate(t *testing.T) {
	t.Parallel()
	im, db := importer(t)
	out := bring(t, im, `{"realm": "r"}`, false)[0]
	if out.Created || len(out.Differences) != 1 || out.Differences[0] != "r: the realm is not stored" {
		t.Errorf("%+v", out)
	}
	if rows, err := db.LoadConfig(t.Context()); err != nil || len(rows.Realms) > 0 {
		t.Errorf("realms %v, %v", rows.Realms, err)
	}
}

// TestNothingSecretIsStoredInClear looks for every secret of the export in all
// files of the data folder.
func TestNothingSecretIsStoredInClear(t *testing.T) {
	t.Parallel()
	im, db := importer(t)
	out := bring(t, im, export(t), true)
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	users, err := db.Users(t.Context(), rows.Realms[0].ID, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{rows, users, out})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		if u.Password != nil {
			text = append(text, u.Password.SecretData+u.Password.CredentialData...)
		}
	}
	for _, canary := range []string{"shop secret", "mail secret", "seed", "a plain password", "AAAA"} {
		if bytes.Contains(text, []byte(canary)) {
			t.Errorf("%q is stored in clear", canary)
		}
	}
}

// TestImportedRows checks what an import adds to a file.
func TestImportedRows(t *testing.T) {
	t.Parallel()
	im, db := importer(t)
	out := bring(t, im, export(t), true)[0]
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	algorithms := map[string]string{}
	for _, k := range rows.Keys {
		algorithms[k.Algorithm] += string(k.Status)
	}
	if diff := cmp.Diff(map[string]string{"RS256": "ACTIVE", "HS512": "ACTIVE", "ES256": "PASSIVE"}, algorithms); diff != "" {
		t.Errorf("keys: %s", diff)
	}
	for _, c := range rows.Clients {
		if !c.Public && c.Protocol == "openid-connect" && len(c.SealedSecret) == 0 {
			t.Errorf("client %s has no secret", c.ClientID)
		}
		if !strings.Contains(strings.Join(c.DefaultScopes, " "), "basic") {
			t.Errorf("client %s lacks the basic scope: %v", c.ClientID, c.DefaultScopes)
		}
	}
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0].Reason, "basic is missing") {
		t.Errorf("notes %v", out.Notes)
	}
	managers, err := db.VideoManagers(t.Context(), rows.Realms[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(managers) != 2 || len(managers[0].Members) != 2 || managers[1].VideoManager.UUID == "" {
		t.Errorf("VideoManagers: %+v", managers)
	}
	anna, err := db.UserByEmail(t.Context(), rows.Realms[0].ID, "anna@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := im.Hasher.Verify(anna.Password.SecretData, anna.Password.CredentialData, "pbkdf2 password"); !ok || err != nil {
		t.Errorf("an imported hash does not verify: %v", err)
	}
	carl, err := db.UserByName(t.Context(), rows.Realms[0].ID, "carl")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := im.Hasher.Verify(carl.Password.SecretData, carl.Password.CredentialData, "flat password"); !ok || err != nil {
		t.Errorf("an imported flat hash does not verify: %v", err)
	}
}

// TestThreeVideoManagers: where the file is silent three are made for every
// person, with ids of their own in each realm.
func TestThreeVideoManagers(t *testing.T) {
	t.Parallel()
	im, db := importer(t)
	bring(t, im, `[{"realm": "r", "users": [{"username": "a"}, {"username": "b"}], "clients": [{"clientId": "c", "publicClient": false, "serviceAccountsEnabled": true}]}, {"realm": "s"}]`, true)
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[int64]bool{}
	for _, r := range rows.Realms {
		list, err := db.VideoManagers(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			ids[m.VideoManager.ID] = true
			if want := map[string]int{"r": 2, "s": 0}[r.Name]; len(m.Members) != want {
				t.Errorf("realm %s: %d members, want %d", r.Name, len(m.Members), want)
			}
		}
	}
	if len(ids) != 6 {
		t.Errorf("%d ids, want 6", len(ids))
	}
}

// TestBuiltin is the documented realm.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	im, db := importer(t)
	if _, err := im.Bring(context.Background(), []realmfile.Draft{realmfile.Builtin("platform", realmfile.Person("A@Example.org", "p"))}, true); err != nil {
		t.Fatal(err)
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, c := rows.Realms[0], rows.Clients[0]
	if r.Lifetimes.AccessToken != 300 || r.Lifetimes.SessionIdle != 3600 || r.Lifetimes.SessionMax != 0 || !r.RevokeRefreshToken {
		t.Errorf("realm: %+v", r)
	}
	if c.ClientID != "anonymous" || !c.Public || !c.DirectAccessGrants || c.Rotates(&r) {
		t.Errorf("client: %+v", c)
	}
	check, err := im.AddUser(t.Context(), "platform", "a@example.ORG", "q")
	if err != nil || check == nil {
		t.Fatalf("a taken name: %v, %v", check, err)
	}
	if wrong, err := im.Differs(t.Context(), []admin.PasswordCheck{*check}); err != nil || !wrong[0] {
		t.Errorf("another password: %v, %v", wrong, err)
	}
	if check, err := im.AddUser(t.Context(), "platform", "new", "q"); err != nil || check != nil {
		t.Fatalf("a new name: %v, %v", check, err)
	}
	managers, err := db.VideoManagers(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(managers) != 3 || len(managers[0].Members) != 2 {
		t.Errorf("VideoManagers: %+v", managers)
	}
}
