package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/admin"
)

// TestCostlyHashIsLeftOut: the user comes, the password does not, and the table
// and a warning say so; nothing else is held up by it.
func TestCostlyHashIsLeftOut(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	const text = `{"realm": "r", "enabled": true, "users": [
		{"username": "dear", "enabled": true, "credentials": [{"type": "password",
			"secretData": "{\"value\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"salt\":\"c2FsdHNhbHQ=\"}",
			"credentialData": "{\"hashIterations\":16,\"algorithm\":\"argon2\",\"additionalParameters\":{\"memory\":[\"262144\"]}}"}]},
		{"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]}`
	for _, o := range []admin.ImportOptions{{DryRun: true}, {}, {OverwritePasswords: true}} {
		out := merged(t, im, o, [2]string{"r.json", text})
		if table := strings.Join(tableOf(out.Rows), "\n"); !strings.Contains(table, "1 password skipped: a password hash that costs too much (dear)") {
			t.Errorf("%+v: %s", o, table)
		}
		if !slices.ContainsFunc(out.Warnings, func(w string) bool {
			return strings.Contains(w, "users[*].credentials[*]: the password is left out: unusable password hash: it costs too much")
		}) {
			t.Errorf("%+v: %q", o, out.Warnings)
		}
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"dear": false, "anna": true} {
		if u, err := db.UserByName(t.Context(), rows.Realms[0].ID, name); err != nil || (u.Password != nil) != want {
			t.Errorf("%s: %v, %v", name, u.Password, err)
		}
	}
}

// TestUnknownHashIsLeftOut: a hash by an algorithm that nothing here knows keeps
// its user out and nobody else. The warning names the user and the algorithm
// and is the last one; a password that is stored stays, whatever is overwritten.
func TestUnknownHashIsLeftOut(t *testing.T) {
	t.Parallel()
	const text = `{"realm": "r", "enabled": true, "attributes": {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1", "g": "1"}, "users": [
		{"username": "old", "enabled": true, "credentials": [{"type": "password",
			"secretData": "{\"value\":\"not even base64\"}", "credentialData": "{\"hashIterations\":1,\"algorithm\":\"scrypt-legacy\"}"}]},
		{"username": "flat", "enabled": true, "credentials": [{"hashedSaltedValue": "AAAA", "salt": "AAAA", "hashIterations": 1, "algorithm": "md5"}]},
		{"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "an example password"}]}]}`
	im, db := mergeImporter(t)
	for _, o := range []admin.ImportOptions{{DryRun: true}, {}, {Overwrite: true, OverwritePasswords: true}} {
		out := merged(t, im, o, [2]string{"r.json", text})
		if table := strings.Join(tableOf(out.Rows), "\n"); !strings.Contains(table, "2 password skipped: a password hash by an unknown algorithm (old, flat)") {
			t.Errorf("%+v: %s", o, table)
		}
		warned := strings.Join(out.Warnings, "\n")
		for _, want := range []string{
			"r.json: attributes.e: kept, but not used by this release (line 1)\n", "r.json: attributes: and 2 more like these\n",
			`left out: unusable password hash: unknown algorithm "scrypt-legacy"; set one with ` + "`usher admin users passwd`: old (line 2)\n",
		} {
			if !strings.Contains(warned, want) {
				t.Errorf("%+v: no %q in\n%s", o, want, warned)
			}
		}
		if !strings.HasSuffix(warned, `unknown algorithm "md5"; set one with `+"`usher admin users passwd`: flat (line 4)") {
			t.Errorf("%+v: not the last:\n%s", o, warned)
		}
	}
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old": false, "flat": false, "anna": true} {
		if u, err := db.UserByName(t.Context(), rows.Realms[0].ID, name); err != nil || (u.Password != nil) != want {
			t.Errorf("%s: %v, %v", name, u.Password, err)
		}
	}
	worse := strings.Replace(text, `"type": "password", "value": "an example password"`, `"hashedSaltedValue": "AAAA", "algorithm": "md5"`, 1)
	merged(t, im, admin.ImportOptions{Overwrite: true, OverwritePasswords: true}, [2]string{"r.json", worse})
	if u, err := db.UserByName(t.Context(), rows.Realms[0].ID, "anna"); err != nil || u.Password == nil {
		t.Errorf("the stored password is gone: %v", err)
	}
}

// TestManyWarnings: many users for one reason are one line, with the first names.
func TestManyWarnings(t *testing.T) {
	t.Parallel()
	files := [][2]string{{"r.json", `{"realm": "r", "enabled": true, "passwordPolicy": "length(8)"}`}}
	for f := range 3 {
		var list []string
		for i := range 34 {
			list = append(list, fmt.Sprintf(`{"username": "u%d", "enabled": true, "credentials": [{"hashedSaltedValue": "AAAA", "algorithm": "md5"}]}`, 100*f+i))
		}
		files = append(files, [2]string{fmt.Sprintf("r-users-%d.json", f), `{"realm": "r", "users": [` + strings.Join(list, ",\n") + `]}`})
	}
	im, _ := mergeImporter(t)
	out := merged(t, im, admin.ImportOptions{}, files...)
	const want = "r-users-0.json: users[*].credentials[*]: the password is left out: unusable password hash: unknown algorithm \"md5\"; " +
		"set one with `usher admin users passwd`: u0, u1, u2, u3, u4 and 97 more (102 times, first in line 1), and in 2 other files"
	if n := len(out.Warnings); n > 4 || out.Warnings[n-1] != want {
		t.Errorf("%q", out.Warnings)
	}
}

// TestImportsTogetherAreBounded: what is stored counts, and what users name.
func TestImportsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	im, _ := mergeImporter(t)
	groups := func(from int) string {
		var list []string
		for i := range 6000 {
			list = append(list, fmt.Sprintf(`{"name": "g%d"}`, from+i))
		}
		return `{"realm": "r", "enabled": true, "groups": [` + strings.Join(list, ",") + `]}`
	}
	merged(t, im, admin.ImportOptions{}, [2]string{"r.json", groups(0)})
	_, err := im.Import(t.Context(), fileList([2]string{"r.json", groups(6000)}), admin.ImportOptions{}, noEvent)
	if err == nil || !strings.Contains(err.Error(), "12000 groups are too many: a realm has at most 10000") {
		t.Error(err)
	}
	var roles []string
	for i := range 10_001 {
		roles = append(roles, fmt.Sprintf(`"r%d"`, i))
	}
	text := `{"realm": "s", "enabled": true, "users": [{"username": "anna", "enabled": true, "realmRoles": [` + strings.Join(roles, ",") + `]}]}`
	_, err = im.Import(t.Context(), fileList([2]string{"s.json", text}), admin.ImportOptions{}, noEvent)
	if err == nil || !strings.Contains(err.Error(), "roles are too many: a realm has at most 10000") {
		t.Error(err)
	}
}
