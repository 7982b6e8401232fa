package admin_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// fileList gives files, each "name" and text, one after another.
func fileList(files ...[2]string) admin.FileSource {
	return func() (string, []byte, error) {
		if len(files) == 0 {
			return "", nil, io.EOF
		}
		f := files[0]
		files = files[1:]
		return f[0], []byte(f[1]), nil
	}
}

func noEvent(realmID string, _ []admin.ImportRow) *iam.Event {
	return &iam.Event{ID: "e", RealmID: realmID, Type: "ADMIN_UPDATE"}
}

func merged(t *testing.T, im *admin.Importer, o admin.ImportOptions, files ...[2]string) admin.ImportResult {
	t.Helper()
	out, err := im.Import(t.Context(), fileList(files...), o, noEvent)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tableOf writes a table's rows shortly.
func tableOf(rows []admin.ImportRow) []string {
	var out []string
	for _, r := range rows {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %d %d %d %s", r.Kind, r.InFile, r.Imported, r.Changed, r.Skipped, strings.Join(r.Why, "; "))))
	}
	return out
}

func mergeImporter(t *testing.T) (*admin.Importer, *sqlite.DB) {
	t.Helper()
	im, db := importer(t)
	im.Merge = db
	return im, db
}

const small = `{"realm": "r", "enabled": true, "accessTokenLifespan": 300,
"roles": {"realm": [{"name": "editor", "description": "Edits"}], "client": {"c": [{"name": "buyer"}]}},
"groups": [{"name": "staff", "subGroups": [{"name": "inner"}]}],
"clients": [{"clientId": "c", "publicClient": false, "secret": "one", "serviceAccountsEnabled": true, "redirectUris": ["https://a/*"]}],
"videoManagers": [{"id": 7, "name": "v", "uuid": "0b9b4cf2-5a0c-4f5e-9a3e-1d2f3a4b5c6d", "members": ["anna"]}]}`

const smallUsers = `{"realm": "r", "users": [
{"id": "u-1", "username": "anna", "enabled": true, "email": "anna@example.org", "credentials": [{"value": "right"}], "groups": ["/staff"], "realmRoles": ["editor"]},
{"id": "u-2", "username": "bert", "enabled": true, "credentials": [{"type": "otp", "secretData": "{\"value\":\"seed\"}", "credentialData": "{\"subType\":\"totp\"}"}]}]}`

// TestImportFolder brings a realm and its users in files of their own; a second
// time there is nothing to do, in either order of the files.
func TestImportFolder(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	out := merged(t, im, admin.ImportOptions{}, [2]string{"r-realm.json", small}, [2]string{"r-users-0.json", smallUsers})
	want := []string{"realm 1 1 0 0", "roles 2 2 0 0", "groups 2 2 0 0", "clients 1 1 0 0", "users 2 2 0 0", "VideoManagers 1 1 0 0"}
	got := tableOf(out.Rows)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	realm := rows.Realms[0].ID
	for name, want := range map[string]string{"anna": "u-1", "bert": "u-2", "service-account-c": ""} {
		u, err := db.UserByName(t.Context(), realm, name)
		if err != nil || want != "" && u.ID != want {
			t.Errorf("%s: %q, %v", name, u.ID, err)
		}
	}
	managers, err := db.VideoManagers(t.Context(), realm)
	if err != nil || len(managers) != 1 || len(managers[0].Members) != 1 {
		t.Errorf("VideoManagers %+v, %v", managers, err)
	}
	version := rows.Version
	for _, files := range [][][2]string{
		{{"r-realm.json", small}, {"r-users-0.json", smallUsers}}, {{"r-users-0.json", smallUsers}, {"r-realm.json", small}}, {{"r-users-0.json", smallUsers}},
	} {
		out := merged(t, im, admin.ImportOptions{Overwrite: true}, files...)
		for _, r := range out.Rows {
			if r.Imported+r.Changed != 0 || r.Skipped != r.InFile {
				t.Errorf("a second time: %+v", r)
			}
		}
		if len(out.Differences) > 0 {
			t.Errorf("differences %q", out.Differences)
		}
	}
	if rows, err = db.LoadConfig(t.Context()); err != nil || rows.Version != version {
		t.Errorf("the version went from %d to %d: %v", version, rows.Version, err)
	}
}

// TestMergeDiffers: what differs is named and stays, and is changed when asked
// for; passwords only by an option of their own. A dry run says the same.
func TestMergeDiffers(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"realm", small}, [2]string{"users", smallUsers})
	changed := strings.NewReplacer(`"accessTokenLifespan": 300`, `"accessTokenLifespan": 60`, `"Edits"`, `"Edits all"`, `"https://a/*"`, `"https://b/*"`,
		`"name": "buyer"}`, `"name": "buyer"}, {"name": "seller"}`).Replace(small)
	users := strings.NewReplacer(`"anna@example.org"`, `"anna@example.com"`, `"right"`, `"wrong"`,
		`{"id": "u-2"`, `{"id": "u-3", "username": "carl"}, {"id": "u-2"`).Replace(smallUsers)
	files := [][2]string{{"realm", changed}, {"users", users}}
	out := merged(t, im, admin.ImportOptions{DryRun: true}, files...)
	want := []string{
		"realm 1 0 0 1 1 differs; --overwrite changes it (r)",
		"roles 3 1 0 2 1 differs; --overwrite changes it (editor); 1 as stored",
		"groups 2 0 0 2 2 as stored",
		"clients 1 0 0 1 1 differs; --overwrite changes it (c)",
		"users 3 1 0 2 1 differs; --overwrite changes it (anna); 1 as stored",
		"VideoManagers 1 0 0 1 1 as stored",
	}
	if diff := cmp.Diff(want, dropDefaults(tableOf(out.Rows))); diff != "" {
		t.Error(diff)
	}
	differences := []string{
		`r: roles["editor"].description: stored "Edits", file "Edits all"`,
		`r: clients["c"].redirectUris: stored ["https://a/*"], file ["https://b/*"]`,
		`r: accessTokenLifespan: stored 300, file 60`,
		`r: users["anna"].email: stored "anna@example.org", file "anna@example.com"`,
	}
	if diff := cmp.Diff(differences, out.Differences); diff != "" {
		t.Error(diff)
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	realm := rows.Realms[0].ID
	if _, err := db.UserByName(t.Context(), realm, "carl"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("a dry run wrote: %v", err)
	}
	if diff := cmp.Diff(out.Rows, merged(t, im, admin.ImportOptions{}, files...).Rows); diff != "" {
		t.Errorf("the run said something else than its rehearsal:\n%s", diff)
	}
	dry := merged(t, im, admin.ImportOptions{DryRun: true, Overwrite: true, OverwritePasswords: true}, files...)
	over := merged(t, im, admin.ImportOptions{Overwrite: true, OverwritePasswords: true}, files...)
	if diff := cmp.Diff(dry.Rows, over.Rows); diff != "" {
		t.Errorf("overwriting said something else than its rehearsal:\n%s", diff)
	}
	want = []string{"realm 1 0 1 0", "roles 3 0 1 2 2 as stored", "groups 2 0 0 2 2 as stored", "clients 1 0 1 0", "users 3 0 1 2 2 as stored", "VideoManagers 1 0 0 1 1 as stored"}
	if diff := cmp.Diff(want, dropDefaults(tableOf(over.Rows))); diff != "" {
		t.Error(diff)
	}
	anna, err := db.UserByName(t.Context(), realm, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := im.Hasher.Verify(anna.Password.SecretData, anna.Password.CredentialData, "wrong"); !ok || err != nil || anna.Email != "anna@example.com" || anna.ID != "u-1" {
		t.Errorf("%+v: %v %v", anna, ok, err)
	}
	last := merged(t, im, admin.ImportOptions{}, files...)
	if len(last.Differences) > 0 {
		t.Errorf("left: %q", last.Differences)
	}
}

// dropDefaults leaves the rows of what the file does not speak of out.
func dropDefaults(lines []string) []string {
	var out []string
	for _, l := range lines {
		if !strings.HasPrefix(l, "client scopes") {
			out = append(out, l)
		}
	}
	return out
}
