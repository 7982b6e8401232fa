package recovery_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// TestAKeyThatGotOutStaysOut: the server that was backed up still has the keys
// of then, and signs after the restore what no not-before refuses, as somebody
// would who got hold of them.
func TestAKeyThatGotOutStaysOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keep   bool
		access int
		certs  bool // of the backup are those of the restored server
	}{
		"by default":     {false, http.StatusUnauthorized, false},
		"with keep-keys": {true, http.StatusOK, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := apptest.NewStillClock()
			thief := start(t, t.TempDir(), clock)
			file := filepath.Join(t.TempDir(), "usher.tar")
			if _, err := recovery.Backup(t.Context(), recovery.Options{Data: thief.data, MasterKey: masterKey, File: file, Now: clock.Now()}); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			data := filepath.Join(dir, "data")
			if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: data, MasterKey: masterKey, KeepKeys: c.keep, Clock: patient{clock}}); err != nil {
				t.Fatal(err)
			}
			was, is := storedKeys(t, thief.data, clock), storedKeys(t, data, clock)
			if !c.keep {
				replaced(t, was, is)
			} else if !was.Same(is) {
				t.Error("other keys than before")
			}
			again := start(t, dir, clock)
			forged, forgedRefresh := thief.login(t)
			if status := again.vms(t, forged); status != c.access {
				t.Errorf("the API answers a token made with the keys of the backup %d", status)
			}
			if status := again.refresh(t, forgedRefresh); status == http.StatusOK && !c.keep {
				t.Error("a refresh token made with the keys of the backup is taken")
			}
			if access, refresh := again.login(t); again.vms(t, access) != http.StatusOK || again.refresh(t, refresh) != http.StatusOK {
				t.Error("a new login does not help")
			}
		})
	}
}

// replaced holds the keys after a restore to those of before: all of them are
// disabled, and each algorithm signs with a new one.
func replaced(t *testing.T, was, is iam.KeySet) {
	t.Helper()
	if len(is) != 2*len(was) || len(was) < 2 {
		t.Fatalf("%d keys before, %d after", len(was), len(is))
	}
	of := map[string]iam.Key{}
	for _, k := range is {
		of[k.ID] = k
	}
	for _, k := range was {
		if of[k.ID].Status != iam.KeyDisabled {
			t.Errorf("the %s key of the backup is %s", k.Algorithm, of[k.ID].Status)
		}
		delete(of, k.ID)
	}
	for _, k := range of {
		if k.Status != iam.KeyActive || !is.Signs(k.KID) {
			t.Errorf("the new %s key does not sign", k.Algorithm)
		}
	}
}

func storedKeys(t *testing.T, data string, clock *apptest.Clock) iam.KeySet {
	t.Helper()
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Inspect(t.Context(), data, sealer.UnlockRoot, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rows.Keys
}
