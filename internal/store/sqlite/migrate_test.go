package sqlite

import (
	"database/sql"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// schemas are databases as releases left them, named after the release.
const schemas = "../../../testdata/schema"

// writeSchema is set by who makes a release:
// go test -run TestOpensEveryReleasedSchema ./internal/store/sqlite -write-schema 0.1.0
var writeSchema = flag.String("write-schema", "", "write the database of this release to testdata/schema")

// released is what every database in schemas holds.
func released() (iam.RealmImport, []vms.Membership, iam.Login) {
	in := iam.RealmImport{
		Realm:   iam.Realm{ID: "realm-1", Name: "platform", Enabled: true},
		Clients: []iam.Client{{ID: "client-1", RealmID: "realm-1", ClientID: "anonymous", Public: true, Enabled: true}},
		Keys:    []iam.Key{{ID: "key-1", RealmID: "realm-1", KID: "kid", Algorithm: "HS512", Status: iam.KeyActive, Sealed: []byte("sealed")}},
		Users: []iam.User{{ID: "user-1", RealmID: "realm-1", Username: "zoë", Email: "zoe@example.org", Enabled: true,
			Password: &iam.Credential{ID: "password-1", Type: "password", SecretData: "{}", CredentialData: "{}"}}},
	}
	managers := []vms.Membership{{Members: []string{"user-1"},
		VideoManager: vms.VideoManager{ID: 1, Name: "One", UUID: "uuid-1", RealmID: "realm-1", Configuration: []byte(`{"a":1}`)}}}
	const at = 1_700_000_000_000
	login := iam.Login{
		Session:       iam.UserSession{ID: "session-1", RealmID: "realm-1", UserID: "user-1", StartedAt: at, LastRefresh: at, Address: "192.0.2.1", Method: "openid-connect", DeadAt: at + 1},
		ClientSession: iam.ClientSession{SessionID: "session-1", ClientID: "client-1", StartedAt: at},
		Family: &iam.Family{ID: "family-1", RealmID: "realm-1", SessionID: "session-1", ClientID: "client-1", UserID: "user-1", Scope: "openid",
			Rotating: true, Window: 10_000, Recovery: iam.RecoverUntilUsed, Rev: 1, Gen: 2, Salt: []byte{1}, KeyID: "kid", IssuedAt: at / 1000,
			ParentJTI: "parent", Ring: []iam.Used{{JTI: "parent", FirstUsed: at}}, DeadAt: at + 1},
		Event: &iam.Event{ID: "event-1", At: at, RealmID: "realm-1", Type: "LOGIN", Details: map[string]string{"a": "b"}},
	}
	return in, managers, login
}

func TestOpensEveryReleasedSchema(t *testing.T) {
	t.Parallel()
	if *writeSchema != "" {
		release(t, filepath.Join(schemas, *writeSchema+".db"))
	}
	files, err := filepath.Glob(filepath.Join(schemas, "*.db"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no released schema: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(filepath.Join(dir, File), b, 0o600)); err != nil { // a folder
				t.Fatal(err)
			}
			opensAsReleased(t, open(t, Options{Dir: dir}))
		})
	}
}

func opensAsReleased(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	in, managers, login := released()
	in.Users[0].Epoch = 1
	config, err := db.LoadConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	view, err := db.Family(ctx, "realm-1", "family-1")
	if err != nil {
		t.Fatal(err)
	}
	user, err := db.User(ctx, "realm-1", "user-1")
	if err != nil {
		t.Fatal(err)
	}
	view.User.Password = user.Password // a family comes without
	vm, err := db.VideoManagers(ctx, "realm-1")
	if err != nil {
		t.Fatal(err)
	}
	failures, _, err := db.Failures(ctx, "realm-1", "key")
	if err != nil {
		t.Fatal(err)
	}
	revoked, err := db.TokenRevoked(ctx, "realm-1", "jti-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{iam.ConfigRows{Version: 1, Realms: []iam.Realm{in.Realm}, Clients: in.Clients, Keys: in.Keys},
		iam.FamilyView{Family: *login.Family, Session: &login.Session, ClientSession: &login.ClientSession, User: &in.Users[0], At: view.At},
		managers, iam.Failures{Count: 3, Rev: 1}, true}
	if diff := cmp.Diff(want, []any{config, view, vm, failures, revoked}); diff != "" {
		t.Errorf("(-released +opened):\n%s", diff)
	}
	next := *login.Family
	next.Gen++
	if err := db.AdvanceFamily(ctx, *login.Family, next, view.At, view.At, nil); err != nil {
		t.Error(err)
	}
	if _, err := db.Sweep(ctx, view.At+1, 100); err != nil {
		t.Error(err)
	}
}

func release(t *testing.T, path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, Options{Dir: dir})
	in, managers, login := released()
	_, err := db.RevokeToken(t.Context(), "realm-1", "jti-1", 1_700_000_000_000, nil)
	err = errors.Join(err,
		db.ImportRealm(t.Context(), in, managers),
		db.OpenLogin(t.Context(), login),
		db.ReplaceFailures(t.Context(), "realm-1", "key", iam.Failures{}, iam.Failures{Count: 3}, nil),
		db.Close())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaIsNumbered(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Dir: t.TempDir()})
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.engine.file.open(t.Context(), reading)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if v, err := schemaVersion(c); err != nil || v != len(names) {
		t.Errorf("user_version %d after %d migrations: %v; each migration sets its own number", v, len(names), err)
	}
	var erases int
	if err := db.engine.Write(t.Context(), func(tx sqlstore.Tx) error {
		return tx.QueryRow("pragma secure_delete").Scan(&erases)
	}); err != nil || erases != 1 {
		t.Errorf("what is deleted stays in free pages: %d, %v", erases, err)
	}
	for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "temp_store": "2", "query_only": "1"} {
		var got string
		if err := c.queryRow("pragma " + setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", setting, got, want, err)
		}
	}
}

func TestRefusesWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make []string // statements
		raw  string
		want error
	}{
		"another program's": {make: []string{"create table t (a)"}, want: ErrForeign},
		"another number":    {make: []string{"pragma application_id = 7"}, want: ErrForeign},
		"a later schema":    {make: []string{"pragma application_id = 1431521362", "pragma user_version = 99"}, want: ErrNewer},
		"no database":       {raw: "This is not a database, although it is as long as the header of one: 100 bytes and then some more of it."},
		"half a start": {make: []string{"create table goose_db_version (id integer primary key autoincrement, version_id integer not null, is_applied integer not null, tstamp timestamp default (datetime('now')))",
			"insert into goose_db_version (version_id, is_applied) values (0, true)"}, want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			path := filepath.Join(dir, File)
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(path, []byte(c.raw), 0o600)); err != nil {
				t.Fatal(err)
			}
			for _, statement := range c.make {
				db, err := sql.Open("sqlite", path)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
				db.Close()
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == "half a start" { // is finished
				open(t, Options{Dir: dir})
				return
			}
			db, err := Open(t.Context(), Options{Dir: dir, Now: time.Now})
			if err == nil {
				db.Close()
			}
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			after, err := os.ReadFile(path)
			if c.want == nil && (err != nil || !cmp.Equal(before, after)) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    string
		want bool
	}{{"3.51.3", false}, {"3.51.2", true}, {"3.54.1", false}, {"3.6.30", true}, {"3.52", false}, {"3.51", true}, {"4.0.0", false}, {"", true}} {
		if got := older(c.v, leastVersion); got != c.want {
			t.Errorf("older(%q) = %v", c.v, got)
		}
	}
}
