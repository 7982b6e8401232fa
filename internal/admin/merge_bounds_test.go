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
