package app_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// sealedRealm has every kind of value that is sealed.
const sealedRealm = `{"realm": "platform", "enabled": true, "defaultSignatureAlgorithm": "ES256", "smtpServer": {"password": "mail secret"},
"clients": [{"clientId": "anonymous", "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true},
{"clientId": "closed", "enabled": true, "publicClient": false, "secret": "client secret", "directAccessGrantsEnabled": true, "registrationAccessToken": "token"}],
"users": [{"username": "` + apptest.User + `", "enabled": true, "credentials": [{"value": "` + apptest.Password + `"}], "federatedIdentities": [{"userName": "x"}]},
{"username": "seeded", "enabled": true, "credentials": [{"type": "otp", "secretData": "{\"value\":\"seed\"}", "credentialData": "{\"subType\":\"totp\"}"}]}]}`

// keyed is a folder with its master key in a file, as serve has them.
type keyed struct{ dir, file string }

func newKeyed(t *testing.T) keyed {
	t.Helper()
	dir := t.TempDir()
	k := keyed{dir, filepath.Join(dir, "usher.key")}
	if _, err := app.EnsureMasterKey(k.file); err != nil {
		t.Fatal(err)
	}
	return k
}

// open opens the folder as serve does; the caller closes.
func (k keyed) open(t *testing.T, opt app.Options) (*app.App, error) {
	t.Helper()
	key, err := app.ReadMasterKey(k.file)
	if err != nil {
		t.Fatal(err)
	}
	opt.Log = slog.New(slog.DiscardHandler)
	return app.New(t.Context(), app.Config{
		Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: filepath.Join(k.dir, "data"), MasterKey: key, MasterKeyFile: k.file,
	}, opt)
}

func (k keyed) mustOpen(t *testing.T, opt app.Options) *app.App {
	t.Helper()
	a, err := k.open(t, opt)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// works says that everything sealed opens: a start opens keys and secrets, an
// export all the rest.
func works(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := inProcess(a.AdminHandler())
	files := order[api.ExportFiles](t, o, http.MethodGet, at(api.AdminExport)+"?users=same_file&secrets=true", nil)
	for _, secret := range []string{"mail secret", "client secret", `"token"`, `seed`, `"userName": "x"`} {
		if !bytes.Contains(files.Files[0].Data, []byte(secret)) {
			t.Errorf("%s does not open", secret)
		}
	}
}

func (k keyed) key(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(k.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (k keyed) fill(t *testing.T) {
	t.Helper()
	a := k.mustOpen(t, app.Options{})
	if _, err := a.ImportFile(t.Context(), "realm.json", []byte(sealedRealm)); err != nil {
		t.Fatal(err)
	}
	works(t, a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// killed is what a step panics with that stands for the end of the process.
type killed struct{}

// TestMasterKeyRotation: everything goes on in the running server, and in the
// next one with the new key; nothing opens with the old one, which stays in a
// file of its own.
func TestMasterKeyRotation(t *testing.T) {
	t.Parallel()
	k := newKeyed(t)
	k.fill(t)
	before := k.key(t)
	a := k.mustOpen(t, app.Options{})
	works(t, a)
	last := before
	for range 3 {
		out := order[api.MasterKeyRotated](t, inProcess(a.AdminHandler()), http.MethodPost, api.AdminMasterKeyRotate, api.RotateMasterKey{})
		if out.File != k.file || out.Resealed < 8 {
			t.Errorf("%+v", out)
		}
		info, err := os.Stat(out.OldFile)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the old key's file: %v, %v", info, err)
		}
		if kept, err := os.ReadFile(out.OldFile); err != nil || string(kept) != last {
			t.Errorf("the old key is not kept: %v", err)
		}
		last = k.key(t)
		works(t, a)
	}
	if after := k.key(t); after == before || len(after) != len(before) {
		t.Error("the file holds the old key")
	}
	if _, err := os.Stat(k.file + ".next"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the waiting file: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := base64.StdEncoding.DecodeString(strings.TrimSpace(before))
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.New(t.Context(), app.Config{Listen: "127.0.0.1:0", ManagementListen: "127.0.0.1:0", Data: filepath.Join(k.dir, "data"), MasterKey: old}, app.Options{})
	if !errors.Is(err, app.ErrSealed) {
		t.Errorf("with the old key: %v", err)
	}
	b := k.mustOpen(t, app.Options{})
	works(t, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMasterKeyRotationCutOff ends the process at each step. The next start
// opens everything with what the file then holds, and leaves no second key.
func TestMasterKeyRotationCutOff(t *testing.T) {
	t.Parallel()
	kill := func() { panic(killed{}) }
	for name, c := range map[string]struct {
		files   func(file string) app.KeyFiles
		changed bool // the new key is in force afterwards
	}{
		"before the new key is written": {func(string) app.KeyFiles {
			return app.KeyFiles{Write: func(string, []byte) error { kill(); return nil }}
		}, false},
		"half of it written": {func(string) app.KeyFiles {
			return app.KeyFiles{Write: func(path string, content []byte) error {
				if err := os.WriteFile(path, content[:10], 0o600); err != nil {
					return err
				}
				kill()
				return nil
			}}
		}, false},
		"before the commit": {func(string) app.KeyFiles {
			return app.KeyFiles{Write: func(path string, content []byte) error {
				if err := app.WriteSecret(path, content); err != nil {
					return err
				}
				kill()
				return nil
			}}
		}, false},
		"between commit and renaming": {func(string) app.KeyFiles {
			return app.KeyFiles{Rename: func(string, string) error { kill(); return nil }}
		}, true},
		"after the renaming": {func(string) app.KeyFiles {
			return app.KeyFiles{Rename: func(from, to string) error {
				if err := os.Rename(from, to); err != nil {
					return err
				}
				kill()
				return nil
			}}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t)
			k.fill(t)
			before := k.key(t)
			a := k.mustOpen(t, app.Options{KeyFiles: c.files(k.file)})
			func() {
				defer func() {
					if v := recover(); v != (killed{}) {
						t.Fatalf("%v", v)
					}
				}()
				_, err := a.RotateMasterKey(t.Context(), admin.Caller{}, nil)
				t.Fatalf("the process went on: %v", err)
			}()
			if err := a.Close(); err != nil { // gives the folder free, writes nothing
				t.Fatal(err)
			}
			for range 2 { // the start that settles it, and the one after
				b := k.mustOpen(t, app.Options{})
				works(t, b)
				if changed := k.key(t) != before; changed != c.changed {
					t.Errorf("the key in the file changed: %v", changed)
				}
				if _, err := os.Stat(k.file + ".next"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the waiting file: %v", err)
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestMasterKeyRotationRefused: what cannot be done changes nothing.
func TestMasterKeyRotationRefused(t *testing.T) {
	t.Parallel()
	k := newKeyed(t)
	k.fill(t)
	before := k.key(t)
	own, err := base64.StdEncoding.DecodeString(strings.TrimSpace(before))
	if err != nil {
		t.Fatal(err)
	}
	a := k.mustOpen(t, app.Options{KeyFiles: app.KeyFiles{Write: func(string, []byte) error { return fs.ErrPermission }}})
	works(t, a)
	o := inProcess(a.AdminHandler())
	for name, in := range map[string]api.RotateMasterKey{"no room for the file": {}, "a short key": {New: []byte("short")}, "the same key": {New: own}} {
		if p := refusal(t, o, http.StatusUnprocessableEntity, http.MethodPost, api.AdminMasterKeyRotate, in); p.ErrorHint == "" && name != "a short key" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	works(t, a)
	given := bytes.Repeat([]byte{7}, 32)
	if out := order[api.MasterKeyRotated](t, o, http.MethodPost, api.AdminMasterKeyRotate, api.RotateMasterKey{New: given}); out.File != "" {
		t.Errorf("%+v", out)
	}
	works(t, a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if k.key(t) != before {
		t.Error("the server wrote to a file that is not its own to write")
	}
	if _, err := k.open(t, app.Options{}); !errors.Is(err, app.ErrSealed) {
		t.Errorf("with the old key: %v", err)
	}
	if err := os.WriteFile(k.file, []byte(base64.StdEncoding.EncodeToString(given)), 0o600); err != nil {
		t.Fatal(err)
	}
	b := k.mustOpen(t, app.Options{})
	works(t, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
