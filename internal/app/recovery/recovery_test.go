package recovery_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	_ "modernc.org/sqlite" // to make a database look older
)

// masterKey is the one apptest starts servers with.
var masterKey = bytes.Repeat([]byte("k"), 32)

const origin = "http://login.example.org"

// server is a running Usher that says the same origin wherever it listens.
type server struct {
	*apptest.Usher
	data string
}

func start(t *testing.T, dir string, clock *apptest.Clock) *server {
	t.Helper()
	u := apptest.Start(t, apptest.Options{Dir: dir, Clock: clock, Config: func(c *app.Config) { c.PublicURL = origin }})
	return &server{u, filepath.Join(dir, "data")}
}

func (s *server) ask(t *testing.T, endpoint string, form url.Values) (int, map[string]any) {
	t.Helper()
	answer, err := http.PostForm("http://"+s.Addr()+"/auth/realms/platform/protocol/openid-connect/"+endpoint, form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &body); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
	}
	return answer.StatusCode, body
}

func (s *server) login(t *testing.T) (access, refresh string) {
	t.Helper()
	status, body := s.ask(t, "token", url.Values{"client_id": {"anonymous"}, "grant_type": {"password"}, "username": {apptest.User}, "password": {apptest.Password}})
	if status != http.StatusOK {
		t.Fatalf("login: %d %v", status, body)
	}
	return body["access_token"].(string), body["refresh_token"].(string)
}

func (s *server) refresh(t *testing.T, token string) int {
	t.Helper()
	status, _ := s.ask(t, "token", url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"}, "refresh_token": {token}})
	return status
}

func (s *server) vms(t *testing.T, access string) int {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/v1/vms", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+access)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// patient is a clock that a restore need not wait for.
type patient struct{ *apptest.Clock }

func (p patient) Sleep(_ context.Context, d time.Duration) error {
	p.Advance(d)
	return nil
}

// TestARestoreRevivesNothing makes a backup, ends one of two sessions, and
// restores: by default nobody comes back in without a password, and with
// KeepSessions both do.
func TestARestoreRevivesNothing(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		t.Run(map[bool]string{false: "sessions end", true: "sessions kept"}[keep], func(t *testing.T) {
			t.Parallel()
			clock := apptest.NewStillClock()
			s := start(t, t.TempDir(), clock)
			ended, endedRefresh := s.login(t)
			live, liveRefresh := s.login(t)
			file := filepath.Join(t.TempDir(), "usher.tar")
			made, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Version: "test", Now: clock.Now()})
			if err != nil {
				t.Fatal(err)
			}
			if made.Sessions != 2 || made.Users != 1 || len(made.Realms) != 1 || made.WithKey {
				t.Errorf("%+v", made)
			}
			if status, body := s.ask(t, "logout", url.Values{"client_id": {"anonymous"}, "refresh_token": {endedRefresh}}); status != http.StatusNoContent {
				t.Fatalf("logout: %d %v", status, body)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			dir := t.TempDir()
			if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: filepath.Join(dir, "data"), MasterKey: masterKey, KeepSessions: keep, Clock: patient{clock}}); err != nil {
				t.Fatal(err)
			}
			again := start(t, dir, clock)
			want, wantRefresh := http.StatusUnauthorized, http.StatusBadRequest
			if keep {
				want, wantRefresh = http.StatusOK, http.StatusOK
			}
			for name, token := range map[string]string{"ended": ended, "live": live} {
				if status := again.vms(t, token); status != want {
					t.Errorf("the API answers the %s session's token %d", name, status)
				}
			}
			for name, token := range map[string]string{"ended": endedRefresh, "live": liveRefresh} {
				if status := again.refresh(t, token); status != wantRefresh {
					t.Errorf("the %s session's refresh: %d", name, status)
				}
			}
			if access, _ := again.login(t); again.vms(t, access) != http.StatusOK {
				t.Error("a new login does not help")
			}
		})
	}
}

// TestTheKeyTravelsUnderItsPassphrase restores where there is nothing but the
// backup and a passphrase.
func TestTheKeyTravelsUnderItsPassphrase(t *testing.T) {
	t.Parallel()
	clock := apptest.NewStillClock()
	s := start(t, t.TempDir(), clock)
	file := filepath.Join(t.TempDir(), "usher.tar")
	if _, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Passphrase: "correct horse battery staple", Work: 4, Now: clock.Now()}); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(packed, masterKey) || bytes.Contains(packed, bytes.TrimSpace(secret.FormatMasterKey(masterKey))) {
		t.Error("the master key is there to read")
	}
	dir := t.TempDir()
	var kept []byte
	o := recovery.RestoreOptions{File: file, Data: filepath.Join(dir, "data"), Passphrase: "another one", Clock: patient{clock},
		KeepKey: func(key []byte) error { kept = key; return nil }}
	if _, err := recovery.Restore(t.Context(), o); !errors.Is(err, backup.ErrPassphrase) {
		t.Fatalf("a wrong passphrase: %v", err)
	}
	if app.HasDatabase(o.Data) || kept != nil {
		t.Error("something was restored")
	}
	o.Passphrase = "correct horse battery staple"
	if _, err := recovery.Restore(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, masterKey) {
		t.Error("another key was kept")
	}
	if access, _ := start(t, dir, clock).login(t); access == "" {
		t.Error("no login")
	}
}

// TestWhatABackupRefuses: nothing is replaced, nothing damaged is kept, nothing
// is restored over something.
func TestWhatABackupRefuses(t *testing.T) {
	t.Parallel()
	clock := apptest.NewStillClock()
	s := start(t, t.TempDir(), clock)
	dir := t.TempDir()
	file := filepath.Join(dir, "usher.tar")
	o := recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Now: clock.Now()}
	if _, err := recovery.Backup(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := recovery.Backup(t.Context(), o); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if _, _, err := recovery.Verify(t.Context(), file, masterKey, "", t.TempDir()); err != nil {
		t.Errorf("a whole backup: %v", err)
	}
	o.File, o.MasterKey = filepath.Join(dir, "other.tar"), bytes.Repeat([]byte("x"), 32)
	if _, err := recovery.Backup(t.Context(), o); !errors.Is(err, app.ErrSealed) {
		t.Errorf("under another key: %v", err)
	}
	if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: s.data, MasterKey: masterKey, Clock: patient{clock}}); !errors.Is(err, recovery.ErrOccupied) {
		t.Errorf("over a database: %v", err)
	}
	if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: filepath.Join(dir, "data"), Clock: patient{clock}}); !errors.Is(err, recovery.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	packed[len(packed)/2] ^= 1
	if err := os.WriteFile(file, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := recovery.Verify(t.Context(), file, masterKey, "", t.TempDir()); !errors.Is(err, backup.ErrArchive) {
		t.Errorf("a changed backup: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if e.Name() != "usher.tar" && !strings.HasPrefix(e.Name(), "data") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// TestOnlyOneHasTheFolder: a restore and a server do not meet in it, nor two
// restores.
func TestOnlyOneHasTheFolder(t *testing.T) {
	t.Parallel()
	clock := apptest.NewStillClock()
	s := start(t, t.TempDir(), clock)
	file := filepath.Join(t.TempDir(), "usher.tar")
	if _, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Now: clock.Now()}); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	free, err := sqlite.LockFolder(data)
	if err != nil {
		t.Fatal(err)
	}
	o := recovery.RestoreOptions{File: file, Data: data, MasterKey: masterKey, Clock: patient{clock}}
	if _, err := recovery.Restore(t.Context(), o); !errors.Is(err, app.ErrLocked) {
		t.Errorf("while another has the folder: %v", err)
	}
	free()
	if _, err := recovery.Restore(t.Context(), o); err != nil {
		t.Error(err)
	}
}

// TestAnInterruptedRestoreLeavesNothing.
func TestAnInterruptedRestoreLeavesNothing(t *testing.T) {
	t.Parallel()
	clock := apptest.NewStillClock()
	s := start(t, t.TempDir(), clock)
	file := filepath.Join(t.TempDir(), "usher.tar")
	if _, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: file, Now: clock.Now()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	data := filepath.Join(t.TempDir(), "data")
	// Whoever asks for the time of a restore does so in the middle of it.
	clock.Trap(cancel)
	if _, err := recovery.Restore(ctx, recovery.RestoreOptions{File: file, Data: data, MasterKey: masterKey, Clock: patient{clock}}); err == nil {
		t.Fatal("a restore went on")
	}
	clock.Trap(nil)
	if left, err := os.ReadDir(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{File: file, Data: data, Clock: patient{clock}}); !errors.Is(err, recovery.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) != 0 {
		t.Errorf("left in a folder that was there: %v, %v", left, err)
	}
}

// TestAnOlderReleasesDatabaseIsNotTouched: looking at it would change it, so its
// own release makes the backup.
func TestAnOlderReleasesDatabaseIsNotTouched(t *testing.T) {
	t.Parallel()
	clock := apptest.NewStillClock()
	s := start(t, t.TempDir(), clock)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(s.data, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "pragma user_version = 0"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := recovery.Backup(t.Context(), recovery.Options{Data: s.data, MasterKey: masterKey, File: filepath.Join(dir, "usher.tar"), Now: clock.Now()}); !errors.Is(err, app.ErrOlder) {
		t.Errorf("%v", err)
	}
}
