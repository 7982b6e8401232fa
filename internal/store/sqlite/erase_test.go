package sqlite

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

// traces is how often a text is in the files of a store.
func traces(t *testing.T, dir, text string) (n int) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, File+suffix))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		n += bytes.Count(b, []byte(text))
	}
	return n
}

// oldRealm is a realm in which everything that is sealed is the base64 of "old-"
// and more, and every hash has "hash-" in it.
func oldRealm() iam.RealmImport {
	in := iam.RealmImport{Realm: iam.Realm{ID: realm, Name: "platform", Enabled: true}}
	for i := range 40 {
		sealed := []byte(fmt.Sprintf("old-%060d", i))
		in.Clients = append(in.Clients, iam.Client{ID: fmt.Sprint("client-", i), ClientID: fmt.Sprint("app", i), SealedSecret: sealed})
		in.Keys = append(in.Keys, iam.Key{ID: fmt.Sprint("key-", i), KID: fmt.Sprint("kid-", i), Algorithm: "HS512", Status: iam.KeyActive,
			Sealed: bytes.Repeat(sealed, 1+i)})
		in.Users = append(in.Users, iam.User{ID: person(i), Username: fmt.Sprint("user", i), Enabled: true,
			Password: &iam.Credential{ID: "p", Type: "password", SecretData: fmt.Sprintf("hash-%060d", i), CredentialData: "{}"},
			Other:    []iam.Credential{{ID: "otp", Type: "otp", SecretData: base64.StdEncoding.EncodeToString(sealed)}}})
	}
	return in
}

// resealed changes "old-" to "new--", one byte longer, and so moves the rows.
func resealed(in iam.RealmImport) (out []iam.SealedChange) {
	add := func(table, id string, old []byte) {
		next := bytes.ReplaceAll(old, []byte("old-"), []byte("new--"))
		out = append(out, iam.SealedChange{Table: table, ID: id,
			Prev: base64.StdEncoding.EncodeToString(old), Next: base64.StdEncoding.EncodeToString(next)})
	}
	for i := range in.Clients {
		add("client", in.Clients[i].ID, in.Clients[i].SealedSecret)
		add("signing_key", in.Keys[i].ID, in.Keys[i].Sealed)
		add("users", in.Users[i].ID, in.Clients[i].SealedSecret)
	}
	return out
}

// TestNothingOldIsLeft: after a change of the master key nothing that was sealed
// under the old one is in the files, though the process goes on; and nothing of
// a deleted user, or of a password that was replaced, once the log is emptied.
func TestNothingOldIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, Options{Dir: dir, Unlock: func([]byte) (root, store []byte, err error) {
		return make([]byte, rootKeySize), []byte("the root key under the old key"), nil
	}})
	in, sealed := oldRealm(), base64.StdEncoding.EncodeToString([]byte("old-00"))
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(db.ImportRealm(ctx, in, nil))
	root, err := db.SealedRootKey(ctx)
	ok(err)
	if traces(t, dir, sealed) == 0 || traces(t, dir, string(root)) == 0 || traces(t, dir, "hash-") == 0 {
		t.Fatal("there is nothing to be left")
	}
	ok(db.Reseal(ctx, root, []byte("the root key under the new key"), resealed(in), nil))
	if old, roots := traces(t, dir, sealed), traces(t, dir, string(root)); old+roots > 0 {
		t.Errorf("%d values sealed under the old key are left, and %d root keys", old, roots)
	}
	if traces(t, dir, "hash-") == 0 {
		t.Error("the rows are not in the database")
	}

	_, err = db.ChangePassword(ctx, realm, person(0), iam.Credential{ID: "p", Type: "password", SecretData: "changed", CredentialData: "{}"}, 1, 1, nil)
	ok(err)
	for i := 1; i < 40; i++ {
		_, err := db.DeleteUser(ctx, realm, person(i), 1, 1, nil)
		ok(err)
	}
	if !db.engine.points.secret.Load() {
		t.Error("nobody is going to empty the log")
	}
	db.engine.points.forget()
	for i := range 40 {
		if hash := fmt.Sprintf("hash-%060d", i); traces(t, dir, hash) > 0 {
			t.Errorf("%s is left", strings.TrimLeft(hash, "0"))
		}
	}
}

// TestEmptyingTheLogWaitsForReaders: who reads what is older is not disturbed,
// and the log is emptied once that ended.
func TestEmptyingTheLogWaitsForReaders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	if err := db.engine.Write(t.Context(), write("a-trace")); err != nil {
		t.Fatal(err)
	}
	p := db.engine.points
	err := db.engine.Snapshot(t.Context(), func(tx sqlstore.Tx) error {
		var n int
		if err := tx.QueryRow("select count(*) from realm").Scan(&n); err != nil {
			return err
		}
		if err := db.engine.Write(t.Context(), write("another")); err != nil {
			return err
		}
		p.forget()
		if !p.secret.Load() {
			t.Error("the log was emptied beneath a reader")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.forget()
	info, err := os.Stat(filepath.Join(dir, File+"-wal"))
	if err != nil || info.Size() != 0 || p.secret.Load() {
		t.Errorf("the log: %v, %v", info, err)
	}
	if err := db.engine.Write(t.Context(), write("after")); err != nil {
		t.Error(err)
	}
}
