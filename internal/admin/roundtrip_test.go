package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

func exported(t *testing.T, im *admin.Importer, db *sqlite.DB, realm, users string, secrets bool) []byte {
	t.Helper()
	rows, err := db.LoadConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows.Realms {
		if r.Name == realm {
			data, err := im.ExportOf(t.Context(), r.ID, users, secrets)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatal("no realm " + realm)
	return nil
}

// TestRoundTrip: what is exported and imported elsewhere exports to the same
// bytes; into the store it came from it brings nothing new.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for realm, text := range map[string]string{"company": string(fullExport(t)), "example": export(t)} {
		t.Run(realm, func(t *testing.T) {
			t.Parallel()
			im, db := mergeImporter(t)
			merged(t, im, admin.ImportOptions{}, [2]string{"file", text})
			first := exported(t, im, db, realm, admin.UsersSameFile, true)
			other, otherDB := mergeImporter(t)
			merged(t, other, admin.ImportOptions{}, [2]string{"export", string(first)})
			if diff := cmp.Diff(string(first), string(exported(t, other, otherDB, realm, admin.UsersSameFile, true))); diff != "" {
				t.Errorf("the second export differs:\n%s", diff)
			}
			for _, data := range [][]byte{first, exported(t, im, db, realm, admin.UsersSkip, false), exported(t, im, db, realm, admin.UsersSameFile, false)} {
				if said := merged(t, im, admin.ImportOptions{}, [2]string{"export", string(data)}).Differences; len(said) > 0 {
					t.Errorf("differences %q", said)
				}
				out := merged(t, im, admin.ImportOptions{Overwrite: true, OverwritePasswords: true}, [2]string{"export", string(data)})
				for _, r := range out.Rows {
					if r.Imported+r.Changed > 0 {
						t.Errorf("its own export brings: %+v", r)
					}
				}
			}
		})
	}
}

// TestExportKeepsTheFile: every member of the file is in the export, with its
// value, but for what is the importer's to say.
func TestExportKeepsTheFile(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"file", string(fullExport(t))})
	var have, want any
	if err := json.Unmarshal(exported(t, im, db, "company", admin.UsersSameFile, true), &have); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(fullExport(t), &want); err != nil {
		t.Fatal(err)
	}
	var lost []string
	missing("", have, want, &lost)
	lost = slices.DeleteFunc(lost, func(line string) bool {
		return slices.ContainsFunc(recast, func(part string) bool { return strings.Contains(line, part) })
	})
	if len(lost) > 0 {
		t.Errorf("lost:\n%s", strings.Join(lost, "\n"))
	}
}

// recast are places that the export says in another way: names are lower case,
// a plain password became a hash, mappers have no id, keys another encoding.
var recast = []string{".id", "username", "credentials[0].value", "credentials[0].temporary", "privateKey", "certificate", "hashedSaltedValue", "containerId"}

// missing lists what want says and have does not. Lists of objects are matched
// by name; what says nothing may be absent.
func missing(path string, have, want any, lost *[]string) {
	switch w := want.(type) {
	case map[string]any:
		h, _ := have.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(w)) {
			missing(path+"."+name, h[name], w[name], lost)
		}
	case []any:
		h, _ := have.([]any)
		for i, one := range w {
			missing(fmt.Sprintf("%s[%d]", path, i), partner(h, one, i), one, lost)
		}
	default:
		empty := want == nil || want == "" || want == false || want == 0.0
		if have != want && !(empty && have == nil) {
			*lost = append(*lost, fmt.Sprintf("%s: file %v, export %v", path, want, have))
		}
	}
}

func partner(have []any, one any, i int) any {
	m, ok := one.(map[string]any)
	if !ok {
		if slices.Contains(have, one) {
			return one
		}
		return nil
	}
	for _, key := range []string{"clientId", "username", "id", "name", "alias", "type", "client", "clientScope"} {
		for _, h := range have {
			if other, ok := h.(map[string]any); ok && m[key] != nil && strings.EqualFold(fmt.Sprint(other[key]), fmt.Sprint(m[key])) {
				return other
			}
		}
	}
	if i < len(have) {
		return have[i]
	}
	return nil
}

// TestExportMasks: without the key for it an export holds no secret.
func TestExportMasks(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	merged(t, im, admin.ImportOptions{}, [2]string{"file", string(fullExport(t))})
	masked := exported(t, im, db, "company", admin.UsersSameFile, false)
	open := exported(t, im, db, "company", admin.UsersSameFile, true)
	for _, canary := range []string{"the google secret", "the mail password", "the bind password", "the shop api secret", "a registration token", "XhYzSEED01", "secretData", "MII"} {
		if bytes.Contains(masked, []byte(canary)) && canary != "MII" {
			t.Errorf("%q is in clear", canary)
		}
		if !bytes.Contains(open, []byte(canary)) {
			t.Errorf("%q is not in the export with secrets", canary)
		}
	}
	var doc struct {
		Components map[string][]struct {
			Config map[string][]string `json:"config"`
		} `json:"components"`
	}
	if err := json.Unmarshal(masked, &doc); err != nil {
		t.Fatal(err)
	}
	for _, k := range doc.Components["org.keycloak.keys.KeyProvider"] {
		for _, name := range []string{"privateKey", "secret"} {
			if v := k.Config[name]; v != nil && v[0] != "**********" {
				t.Errorf("%s of a key is in clear", name)
			}
		}
	}
}

// TestRandomRoundTrip exports realms made of random rows, imports them into
// another store, and exports the same bytes.
func TestRandomRoundTrip(t *testing.T) {
	t.Parallel()
	im, db := mergeImporter(t)
	other, otherDB := mergeImporter(t)
	drafts := rapid.Custom(func(r *rapid.T) realmfile.Draft { return randomDraft(r, "realm") })
	for seed := range 20 {
		name := fmt.Sprintf("realm-%d", seed)
		d := drafts.Example(seed)
		d.Realm.Name, d.Realm.DefaultRole = name, "default-roles-realm"
		if _, err := im.Bring(t.Context(), []realmfile.Draft{d}, true); err != nil {
			t.Fatal(err)
		}
		first := exported(t, im, db, name, admin.UsersSameFile, true)
		out, err := other.Import(t.Context(), fileList([2]string{"export", string(first)}), admin.ImportOptions{}, noEvent)
		if err != nil && len(d.Users) > 0 {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := exported(t, other, otherDB, name, admin.UsersSameFile, true); !bytes.Equal(first, second) {
			t.Fatalf("%s\n%v", cmp.Diff(string(first), string(second)), out.Warnings)
		}
	}
}

func randomDraft(r *rapid.T, name string) realmfile.Draft {
	word := rapid.StringMatching(`[a-zà-ü.$]{1,8}`)
	flag := func(label string) bool { return rapid.Bool().Draw(r, label) }
	number := func(label string) int { return rapid.IntRange(1, 100_000).Draw(r, label) }
	words := func(label string) []string {
		return rapid.SliceOfNDistinct(word, 0, 3, rapid.ID[string]).Draw(r, label)
	}
	d := realmfile.Builtin(name)
	realm := &d.Realm
	realm.SSLRequired, realm.NotBefore, realm.SignatureAlgorithm = "all", int64(number("not before")), "ES256"
	realm.DisplayName = word.Draw(r, "display name")
	realm.Lifetimes.SessionMax = rapid.SampledFrom([]int{0, 36000, 77}).Draw(r, "max")
	realm.Lifetimes.ClientSessionIdle, realm.Lifetimes.OfflineMaxEnabled = number("idle"), flag("offline")
	realm.RevokeRefreshToken, realm.RefreshTokenMaxReuse = flag("revoke"), number("reuse")
	realm.RotationWindow, realm.RejectAhead = rapid.IntRange(0, 60).Draw(r, "window"), flag("ahead")
	realm.LoginWithEmail, realm.NoVerifiedPasswordCache, realm.TokenTypeCapital = flag("email"), flag("cache"), flag("capital")
	realm.WrongPasswordIs400, realm.NoSessionStateClaim, realm.NoVideoAudience = flag("400"), flag("state"), flag("audience")
	realm.Guessing = rapid.SampledFrom([]iam.GuessPolicy{{}, {Off: true}, {Keycloak: true, Strategy: "LINEAR", FailureFactor: 3, MaxDeltaTime: 5}}).Draw(r, "guessing")
	roles := words("roles")
	for _, role := range roles {
		realm.Roles = append(realm.Roles, iam.Role{Name: role, Description: word.Draw(r, "description")})
	}
	for _, g := range words("groups") {
		realm.Groups = append(realm.Groups, iam.Group{Name: g, Path: "/" + g, RealmRoles: roles})
		for _, inner := range words("inner groups") {
			realm.Groups = append(realm.Groups, iam.Group{Name: inner, Path: "/" + g + "/" + inner, Attributes: map[string][]string{"a": {"b"}}})
		}
	}
	for _, id := range words("clients") {
		c := iam.Client{
			ClientID: id, Name: word.Draw(r, "name"), Protocol: "openid-connect", Enabled: flag("enabled"), Public: flag("public"),
			StandardFlow: flag("standard"), DirectAccessGrants: flag("direct"), FullScopeAllowed: flag("full"), NotBefore: int64(number("client not before")),
			RedirectURIs: words("redirects"), Attributes: map[string]string{"access.token.lifespan": "60"},
			Recovery:   rapid.SampledFrom([]iam.Recovery{"", iam.RecoverNever, iam.RecoverUntilUsed}).Draw(r, "recovery"),
			Mappers:    []iam.Mapper{{Name: "m", Kind: "oidc-hardcoded-claim-mapper", Config: map[string]string{"claim.name": "x", "claim.value": "y"}}},
			ScopeRoles: map[string][]string{"": roles},
		}
		c.ServiceAccounts = !c.Public && flag("service accounts")
		if on := flag("policy"); flag("own policy") {
			c.RevokeRefreshToken = &on
		}
		if len(roles) == 0 {
			c.ScopeRoles = nil
		}
		d.Clients = append(d.Clients, c)
		realm.ClientRoles = map[string][]iam.Role{id: {{Name: "r", Client: map[string][]string{id: {"r"}}}}}
	}
	d.VideoManagers = []vms.Membership{}
	for _, u := range words("users") {
		user := realmfile.User{User: iam.User{
			Username: u, Enabled: flag("user enabled"), FirstName: word.Draw(r, "first name"), CreatedAt: int64(number("created")),
			Attributes: map[string][]string{"k": words("values")}, RealmRoles: roles, RequiredActions: words("actions"),
			Other: []iam.Credential{{Type: "otp", Label: "phone", SecretData: `{"value":"seed"}`, CredentialData: `{"subType":"totp"}`}},
			Kept:  map[string]json.RawMessage{"federatedIdentities": json.RawMessage(`[{"userName":"x"}]`), "credentials/otp": json.RawMessage(`{"priority":5}`)},
		}}
		if plain := word.Draw(r, "password"); flag("has a password") {
			user.Plain = &plain
		}
		d.Users = append(d.Users, user)
		d.VideoManagers = append(d.VideoManagers, vms.Membership{Members: []string{u},
			VideoManager: vms.VideoManager{ID: int64(len(d.VideoManagers) + 1), Name: "v", Configuration: json.RawMessage(`{"a":1}`)}})
	}
	return d
}
