package realmfile_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

var update = flag.Bool("update", false, "write the golden files")

func parse(t *testing.T, text string) realmfile.Draft {
	t.Helper()
	drafts, _, err := realmfile.Parse("realm.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return drafts[0]
}

func export(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/keycloak-export.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// TestExport converts a file as Keycloak's own export writes it, and compares
// rows and warnings with golden files.
func TestExport(t *testing.T) {
	t.Parallel()
	drafts, warnings, err := realmfile.Parse("export.json", []byte(export(t)))
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, w := range warnings {
		lines.WriteString(w.String() + "\n")
	}
	golden(t, "keycloak-export.warnings", lines.String())
	d := drafts[0]
	for i := range d.Keys { // the material itself is checked where it is opened
		d.Keys[i].Private, d.Keys[i].Certificate = nil, nil
	}
	rows, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "keycloak-export.rows", string(rows)+"\n")
	if got := d.Clients[1].Secret; got != "shop secret" {
		t.Errorf("secret %q", got)
	}
	if got := d.Users[1].Plain; got == nil || *got != "a plain password" {
		t.Error("the plain password got lost")
	}
	if d.Users[0].Password == nil || d.Users[2].Password == nil {
		t.Error("a hash got lost")
	}
}

// TestDefaults: a file that says nothing gets Keycloak's creation defaults.
func TestDefaults(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"realm": "r", "clients": [{"clientId": "a"}, {"clientId": "b", "publicClient": false}, {"clientId": "c", "bearerOnly": true}], "users": [{"username": "U"}]}`)
	want := iam.Lifetimes{AccessToken: 300, SessionIdle: 1800, SessionMax: 36000, OfflineIdle: 2592000, OfflineMax: 5184000, AccessCode: 60}
	if diff := cmp.Diff(want, d.Realm.Lifetimes); diff != "" {
		t.Error(diff)
	}
	r := d.Realm
	if !r.Enabled || r.SSLRequired != "external" || r.SignatureAlgorithm != "RS256" || r.RevokeRefreshToken || !r.LoginWithEmail ||
		r.Guessing != (iam.GuessPolicy{}) || r.DefaultRole != "default-roles-r" || r.RotationWindow != 10 {
		t.Errorf("realm: %+v", r)
	}
	a, b, c := d.Clients[0], d.Clients[1], d.Clients[2]
	if !a.Public || !a.DirectAccessGrants || !a.StandardFlow || !a.Enabled || !a.FullScopeAllowed || a.ServiceAccounts {
		t.Errorf("client without a kind: %+v", a)
	}
	if b.Public || c.Public || !c.BearerOnly {
		t.Errorf("kinds: %+v %+v", b, c)
	}
	if u := d.Users[0]; u.Username != "u" || !u.Enabled {
		t.Errorf("user: %+v", u)
	}
	if d.VideoManagers != nil {
		t.Error("VideoManagers out of nowhere")
	}
}

// TestLifetimes: nothing useful means Keycloak's constants.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	got := parse(t, `{"realm": "r", "ssoSessionIdleTimeout": 0, "ssoSessionMaxLifespan": -1, "clientSessionIdleTimeout": -1, "offlineSessionMaxLifespanEnabled": "true"}`).Realm.Lifetimes
	want := iam.Lifetimes{AccessToken: 300, SessionIdle: 1800, SessionMax: 36000, OfflineIdle: 2592000, OfflineMax: 5184000, OfflineMaxEnabled: true, AccessCode: 60}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGuessing(t *testing.T) {
	t.Parallel()
	if g := parse(t, `{"realm": "r", "bruteForceProtected": false, "failureFactor": 3}`).Realm.Guessing; g != (iam.GuessPolicy{}) {
		t.Errorf("off in the file keeps ours, got %+v", g)
	}
	want := iam.GuessPolicy{Keycloak: true, Strategy: "LINEAR", FailureFactor: 3, WaitIncrement: 60, MaxFailureWait: 900,
		MaxDeltaTime: 43200, QuickLoginCheck: 1000, MinimumQuickLoginWait: 60}
	if g := parse(t, `{"realm": "r", "bruteForceProtected": true, "failureFactor": 3, "bruteForceStrategy": "LINEAR"}`).Realm.Guessing; g != want {
		t.Errorf("on: %+v", g)
	}
}

func TestOwnAttributes(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"realm": "r", "attributes": {
		"usher.session.max.none": "true", "usher.rotation.window": "0", "usher.reject.ahead": "true", "usher.guessing": "off",
		"usher.verified.password.cache": "false", "usher.token.type.capital": "true", "usher.wrong.password.400": "true",
		"usher.session.state.claim": "false", "usher.video.audience": "false"},
		"clients": [{"clientId": "a", "attributes": {"usher.revoke.refresh.token": "false", "usher.recovery": "until_used"}}]}`)
	r, c := d.Realm, d.Clients[0]
	if r.Lifetimes.SessionMax != 0 || r.RotationWindow != 0 || !r.RejectAhead || !r.Guessing.Off || !r.NoVerifiedPasswordCache ||
		!r.TokenTypeCapital || !r.WrongPasswordIs400 || !r.NoSessionStateClaim || !r.NoVideoAudience {
		t.Errorf("realm: %+v", r)
	}
	if c.RevokeRefreshToken == nil || *c.RevokeRefreshToken || c.Recovery != iam.RecoverUntilUsed {
		t.Errorf("client: %+v", c)
	}
}

// TestScalarsAreCoerced as Keycloak's reader does; names of users must be strings.
func TestScalarsAreCoerced(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"realm": 5, "enabled": "true", "accessTokenLifespan": "60", "users": [{"username": "7", "enabled": true, "attributes": {"a": "one", "b": ["x", 2]}}]}`)
	if d.Realm.Name != "5" || d.Realm.Lifetimes.AccessToken != 60 || d.Users[0].Username != "7" {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff(map[string][]string{"a": {"one"}, "b": {"x", "2"}}, d.Users[0].Attributes); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownMembersWarn(t *testing.T) {
	t.Parallel()
	_, warnings, err := realmfile.Parse("r.json", []byte(`{"realm": "r", "enabled": true, "acessTokenLifespan": 5,
	"users": [{"username": "a", "enabled": true, "usernam": "x"}, {"username": "b", "enabled": true, "usernam": "x"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	want := []string{
		"acessTokenLifespan: unknown member, kept but not used; did you mean accessTokenLifespan? (line 1)",
		"users[*].usernam: unknown member, kept but not used; did you mean username? (2 times, first in line 2)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
