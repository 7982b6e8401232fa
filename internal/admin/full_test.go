package admin_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fullExport is a realm with every member that Keycloak's export can write:
// all top-level members, its built-in clients and client scopes, components of
// all kinds, flows, identity providers, each kind of credential.
func fullExport(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../realmfile/testdata/full-export.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestFullExportTwice: the second start over the same file has nothing to say,
// and over a changed one names each difference and stores none.
func TestFullExportTwice(t *testing.T) {
	t.Parallel()
	text := string(fullExport(t))
	im, db := importer(t)
	if first := bring(t, im, text, true)[0]; !first.Created || len(first.Notes) > 0 {
		t.Fatalf("%+v", first)
	}
	second := bring(t, im, text, true)[0]
	if second.Created || len(second.Differences) > 0 || len(second.Notes) > 0 {
		t.Errorf("created %v, differences %q, notes %v", second.Created, second.Differences, second.Notes)
	}
	if wrong, err := im.Differs(t.Context(), second.Unchecked); err != nil || slices.Contains(wrong, true) || len(second.Unchecked) != 1 {
		t.Errorf("passwords: %v of %d, %v", wrong, len(second.Unchecked), err)
	}
	before, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changes := []struct{ from, to, line string }{
		{`"displayName": "Company"`, `"displayName": "Firm"`, `displayName: stored "Company", file "Firm"`},
		{`"loginTheme": "keycloak.v2"`, `"loginTheme": "own"`, `kept.loginTheme: differs`},
		{`"the google secret"`, `"another"`, `kept.identityProviders: differs`},
		{`"the mail password"`, `"another"`, `kept.smtpServer: differs`},
		{`"the bind password"`, `"another"`, `kept.components: differs`},
		{`"auth-cookie"`, `"auth-none"`, `kept.authenticationFlows: differs`},
		{`"the shop api secret"`, `"another"`, `clients["shop-api"].secret: differs`},
		{`"a registration token"`, `"another"`, `clients["jwt-app"].kept.registrationAccessToken: differs`},
		{`"access.token.lifespan": "120"`, `"access.token.lifespan": "60"`, `clients["shop"].attributes.access.token.lifespan: stored "120", file "60"`},
		{`"claim.name": "nickname"`, `"claim.name": "nick"`, `clientScopes["profile"].mappers: differs`},
		{`"description": "Edits videos"`, `"description": "Edits"`, `roles["editor"].description: stored "Edits videos", file "Edits"`},
		{`XhYzSEED01`, `XhYzSEED02`, `users["anna@example.org"].other: differs`},
		{`"lastName": "Example"`, `"lastName": "Other"`, `users["anna@example.org"].lastName: stored "Example", file "Other"`},
		{`"userName": "anna"`, `"userName": "anne"`, `users["anna@example.org"].kept.federatedIdentities: differs`},
		{`"name": "staff"`, `"name": "staff", "realmRoles_": ["x"]`, `kept.groups/staff: differs`},
	}
	changed := text
	want := map[string]bool{}
	for _, c := range changes {
		if strings.Count(changed, c.from) != 1 {
			t.Fatalf("%s is there %d times", c.from, strings.Count(changed, c.from))
		}
		changed = strings.Replace(changed, c.from, c.to, 1)
		want["company: "+c.line] = true
	}
	out := bring(t, im, changed, true)[0]
	got := map[string]bool{}
	for _, line := range out.Differences {
		got[line] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	after, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the comparison changed the store:\n%s", diff)
	}
}
