package recovery_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// TestNothingDamagedIsKept: one row with a wrong sum is enough. No backup of it
// appears, and one that was made of it elsewhere is neither good nor restored.
func TestNothingDamagedIsKept(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"realm", "client", "signing_key", "users", "user_session", "token_family"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			clock := apptest.NewStillClock()
			s := start(t, t.TempDir(), clock)
			s.login(t)
			dir := t.TempDir()
			whole := filepath.Join(dir, "whole.tar")
			made, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: whole, Now: clock.Now()})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, s.data, table)

			file := filepath.Join(dir, "usher.tar")
			if _, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Now: clock.Now()}); !errors.Is(err, recovery.ErrDamaged) || !strings.Contains(err.Error(), table) {
				t.Errorf("a backup: %v", err)
			}
			holds(t, dir, "whole.tar")

			foreign(t, file, s.data, made)
			if _, _, err := recovery.Verify(t.Context(), file, masterKey, "", t.TempDir()); !errors.Is(err, recovery.ErrDamaged) {
				t.Errorf("verified: %v", err)
			}
			data := filepath.Join(t.TempDir(), "data")
			if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: data, MasterKey: masterKey, Clock: patient{clock}}); !errors.Is(err, recovery.ErrDamaged) {
				t.Errorf("restored: %v", err)
			}
			if _, err := os.Lstat(data); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused restore leaves a folder: %v", err)
			}
			if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: whole, Data: data, MasterKey: masterKey, Clock: patient{clock}}); err != nil {
				t.Errorf("the whole one, into the same folder: %v", err)
			}
		})
	}
}

// damage makes the sum of one row wrong.
func damage(t *testing.T, data, table string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.ExecContext(t.Context(), `update `+table+` set sum = sum + 1 where rowid = (select min(rowid) from `+table+`)`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d rows of %s: %v", n, table, err)
	}
}

// foreign packs a database as it is, as nobody does who looks at it.
func foreign(t *testing.T, file, data string, m backup.Manifest) {
	t.Helper()
	db, err := os.ReadFile(filepath.Join(data, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(db)
	m.Size, m.SHA256 = int64(len(db)), hex.EncodeToString(sum[:])
	var b bytes.Buffer
	if err := errors.Join(backup.Write(&b, m, bytes.NewReader(db), nil), os.WriteFile(file, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// holds says that a folder has these files and no others.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, not %q", dir, names, want)
	}
}
