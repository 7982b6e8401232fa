package admin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// TestMergeMasked: a partial export has stars where secrets were; what is stored
// stays, at whatever depth, and a new client gets a secret.
func TestMergeMasked(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	const text = `{"realm": "r", "enabled": true, "smtpServer": {"host": "mail", "password": "mail secret"},
	"identityProviders": [{"alias": "x", "config": {"clientSecret": "idp secret", "url": "a"}}],
	"clients": [{"clientId": "c", "publicClient": false, "secret": "client secret"}]}`
	merged(t, im, admin.ImportOptions{}, [2]string{"r.json", text})
	stars := strings.NewReplacer("mail secret", "**********", "idp secret", "**********", "client secret", "**********",
		`"url": "a"`, `"url": "b"`, `"clients": [`, `"clients": [{"clientId": "d", "publicClient": false, "secret": "**********"}, `).Replace(text)
	out := merged(t, im, admin.ImportOptions{}, [2]string{"partial.json", stars})
	if diff := cmp.Diff([]string{`r: kept.identityProviders: differs`}, out.Differences); diff != "" {
		t.Error(diff)
	}
	if warned := strings.Join(out.Warnings, "\n"); !strings.Contains(warned, "clients[*].secret: masked in the file: the stored secret stays; a new client gets a new one (2 times") {
		t.Errorf("warnings %s", warned)
	}
	merged(t, im, admin.ImportOptions{Overwrite: true}, [2]string{"partial.json", stars})
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := rows.Realms[0]
	for name, want := range map[string]string{
		"smtpServer": `{"host":"mail","password":"mail secret"}`, "identityProviders": `[{"alias":"x","config":{"clientSecret":"idp secret","url":"b"}}]`,
	} {
		if got := string(im.OpenKept(r.Kept, r.ID, r.ID)[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, c := range rows.Clients {
		plain, err := im.Sealer.Open(c.SealedSecret, r.ID, c.ID, admin.PurposeClientSecret)
		if err != nil || c.ClientID == "c" && string(plain) != "client secret" || len(plain) < 13 || strings.Contains(string(plain), "*") {
			t.Errorf("client %s: %d bytes, %v", c.ClientID, len(plain), err)
		}
	}
}

// TestMergeRefusals are files that are refused whole, and leave nothing behind.
func TestMergeRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files [][2]string
		want  string
	}{
		"users of no realm":       {[][2]string{{"u.json", `{"realm": "x", "users": []}`}}, "u.json:1:11: realm: there is no realm x: give the file of the realm too"},
		"a realm twice":           {[][2]string{{"a.json", small}, {"b.json", small}}, "b.json:1:11: realm: the realm r is there twice, or came behind its users"},
		"a user in two files":     {[][2]string{{"a.json", small}, {"b.json", smallUsers}, {"c.json", smallUsers}}, "c.json:2:27: users[0].username: the user anna is there twice"},
		"an address in two files": {[][2]string{{"a.json", small}, {"b.json", smallUsers}, {"c.json", `{"realm": "r", "users": [{"username": "z", "email": "ANNA@example.org"}]}`}}, "c.json:1:53: users[0].email: the address anna@example.org is there twice"},
		"no such group":           {[][2]string{{"a.json", small}, {"b.json", `{"realm": "r", "users": [{"username": "z", "groups": ["/x"]}]}`}}, "b.json:1:54: users[0].groups: there is no group /x"},
		"a member who is nobody":  {[][2]string{{"a.json", small}}, "videoManagers[0].members: there is no user anna"},
		"not JSON":                {[][2]string{{"a.json", small}, {"b.json", "{"}}, "b.json:1:1: not JSON"},
		"nothing":                 {nil, "no file was given"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im, db := mergeImporter(t)
			_, err := im.Import(t.Context(), fileList(c.files...), admin.ImportOptions{}, noEvent)
			var faults realmfile.Faults
			if !errors.As(err, &faults) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if rows, err := db.LoadConfig(t.Context()); err != nil || len(rows.Realms) > 0 {
				t.Errorf("left: %v, %v", rows.Realms, err)
			}
			if n, err := db.Sweep(t.Context(), im.Now().UnixMilli()+100*24*3600*1000, 1000); err != nil || n > 0 {
				t.Errorf("%d rows were left aside: %v", n, err)
			}
		})
	}
}

// TestMergeUsersWhoCannotBe: each is skipped with the reason, the others come.
func TestMergeUsersWhoCannotBe(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"realm", small}, [2]string{"users", smallUsers})
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.DeleteUser(t.Context(), rows.Realms[0].ID, "u-2", 1, 1, nil); err != nil {
		t.Fatal(err)
	}
	out := merged(t, im, admin.ImportOptions{}, [2]string{"users", `{"realm": "r", "users": [
	{"id": "u-2", "username": "bert", "enabled": true}, {"id": "u-1", "username": "other", "enabled": true},
	{"username": "dora", "email": "anna@example.org", "enabled": true}, {"username": "eve", "enabled": true}]}`})
	want := []string{"users 4 1 0 3 1 the id was that of a user who was deleted (bert); 1 the id is another user's (other); 1 the address or name is another user's (dora)"}
	if diff := cmp.Diff(want, tableOf(out.Rows)); diff != "" {
		t.Error(diff)
	}
	_, err = im.Import(t.Context(), fileList([2]string{"users", `{"realm": "r", "users": [{"id": "u-2", "username": "bert", "enabled": true}]}`}), admin.ImportOptions{}, noEvent)
	if !errors.Is(err, admin.ErrNoUsers) {
		t.Errorf("a file whose users all stay out: %v", err)
	}
}

// TestMergeKeys: the keys of the old server verify; they do not begin to sign
// beside those of a realm in use.
func TestMergeKeys(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"realm", `{"realm": "example", "enabled": true, "defaultSignatureAlgorithm": "ES256"}`})
	out := merged(t, im, admin.ImportOptions{}, [2]string{"export", export(t)})
	for _, r := range out.Rows {
		if r.Kind == "keys" && (r.Imported != 3 || r.InFile != 3) {
			t.Errorf("%+v", r)
		}
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signing := map[string]int{}
	for _, k := range rows.Keys {
		if k.Status == iam.KeyActive {
			signing[k.Algorithm]++
		}
	}
	if len(rows.Keys) != 5 || signing["HS512"] != 1 || signing["ES256"] != 1 {
		t.Errorf("%d keys, signing %v", len(rows.Keys), signing)
	}
	again := merged(t, im, admin.ImportOptions{}, [2]string{"export", export(t)})
	for _, r := range again.Rows {
		if r.Kind == "keys" && r.Skipped != 3 {
			t.Errorf("%+v", r)
		}
	}
}

// TestMergeManagers: missing VideoManagers and memberships are added.
func TestMergeManagers(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"realm", small}, [2]string{"users", smallUsers})
	more := strings.Replace(small, `"members": ["anna"]}`, `"members": ["anna", "Bert", "new"]}, {"id": 8, "name": "w", "members": ["bert", "new"]}`, 1)
	more = strings.Replace(more, `"clients"`, `"users": [{"username": "new", "enabled": true}], "clients"`, 1)
	out := merged(t, im, admin.ImportOptions{}, [2]string{"realm", more})
	if got := tableOf(out.Rows); got[len(got)-1] != "VideoManagers 2 1 1 0" {
		t.Errorf("%q", got)
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.VideoManagers(t.Context(), rows.Realms[0].ID)
	if err != nil || len(list) != 2 || len(list[0].Members) != 3 || len(list[1].Members) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestMergeComposites: a composite that names no role is passed over and named,
// also where the role it does name is only stored.
func TestMergeComposites(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"r", `{"realm": "r", "enabled": true, "roles": {"realm": [{"name": "a"}]}}`})
	out := merged(t, im, admin.ImportOptions{}, [2]string{"r", `{"realm": "r", "roles": {"realm": [{"name": "b", "composites": {"realm": ["a", "gone"], "client": {"x": ["y"]}}}]}}`})
	warned := strings.Join(out.Warnings, "\n")
	for _, part := range []string{"the composite role b names the role gone, which does not exist", "the composite role b names the role x.y"} {
		if !strings.Contains(warned, part) {
			t.Errorf("%q lacks %q", warned, part)
		}
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range rows.Realms[0].Roles {
		if role.Name == "b" && (len(role.Realm) != 1 || role.Realm[0] != "a" || len(role.Client["x"]) != 0) {
			t.Errorf("%+v", role)
		}
	}
}

// TestMergeSilence: what a small file does not speak of stays as it is, even
// where everything is to be overwritten.
func TestMergeSilence(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"r", `{"realm": "r", "enabled": true, "accessTokenLifespan": 60, "revokeRefreshToken": true,
	"bruteForceProtected": true, "failureFactor": 3, "attributes": {"usher.rotation.window": "30", "a": "b"}, "smtpServer": {"host": "x"}}`})
	before, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := merged(t, im, admin.ImportOptions{Overwrite: true}, [2]string{"r", `{"realm": "r", "displayName": "R", "attributes": {"c": "d"}}`})
	if got := tableOf(out.Rows); got[0] != "realm 1 0 1 0" {
		t.Errorf("%q", got)
	}
	after, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := before.Realms[0]
	want.DisplayName, want.Attributes = "R", map[string]string{"usher.rotation.window": "30", "a": "b", "c": "d"}
	if diff := cmp.Diff(want, after.Realms[0]); diff != "" {
		t.Error(diff)
	}
}
