package token_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/token/tokentest"
)

// conf is a mapper configuration that shows everywhere.
func conf(pairs ...string) map[string]string {
	m := map[string]string{"access.token.claim": "true", "id.token.claim": "true", "userinfo.token.claim": "true"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// mapperRealm has a user with attributes, groups and roles, and no scopes, so
// that only the mappers under test speak.
func mapperRealm(t *testing.T) (*token.Realm, *iam.User) {
	t.Helper()
	r := newRealm(t, "EdDSA")
	r.Realm.NoVideoAudience = true
	c := r.Clients["anonymous"]
	c.DefaultScopes, c.RedirectURIs, c.WebOrigins = nil, []string{"https://app.example/cb", "https://app.example:8443/*", "custom:/x", "/rel"}, []string{"+", "https://other.example"}
	r.Realm.Roles = append(r.Realm.Roles, iam.Role{Name: "editor", Realm: []string{"viewer"}, Client: map[string][]string{"shop": {"buyer"}}},
		iam.Role{Name: "viewer", Realm: []string{"editor"}}, iam.Role{Name: "staff"})
	r.Realm.ClientRoles = map[string][]iam.Role{"shop": {{Name: "buyer"}, {Name: "seller"}}, "my.app": {{Name: "user"}}, "anonymous": {{Name: "own"}}}
	r.Realm.Groups = []iam.Group{
		{Name: "europe", Path: "/europe", RealmRoles: []string{"staff"}, Attributes: map[string][]string{"zone": {"EU"}, "tag": {"a", "b"}}},
		{Name: "berlin", Path: "/europe/berlin", ClientRoles: map[string][]string{"shop": {"seller"}}, Attributes: map[string][]string{"tag": {"b", "c"}}},
	}
	u := tokentest.User()
	u.CreatedAt = 1700000000000
	u.Groups = []string{"/europe/berlin"}
	u.RealmRoles = []string{"editor"}
	u.ClientRoles = map[string][]string{"my.app": {"user"}, "anonymous": {"own"}}
	u.Attributes = map[string][]string{
		"tag": {"x", "a"}, "age": {"42"}, "big": {"9000000000"}, "flag": {"TRUE"}, "bad": {"maybe"}, "json": {`{ "a": [1, 2] }`},
		"dup": {`{"a":1,"a":2}`}, "deep": {`[[[[[[[[[1]]]]]]]]]`}, "mixed": {"1", "x", "3"}, "html": {`<&>"\`},
		"street": {"Main Street 1"}, "locality": {"Berlin"}, "plz": {"10115"},
	}
	return r, u
}

const (
	attributeMapper = "oidc-usermodel-attribute-mapper"
	propertyMapper  = "oidc-usermodel-property-mapper"
	hardClaim       = "oidc-hardcoded-claim-mapper"
	realmRoles      = "oidc-usermodel-realm-role-mapper"
	clientRoles     = "oidc-usermodel-client-role-mapper"
	groupMapper     = "oidc-group-membership-mapper"
	audienceMapper  = "oidc-audience-mapper"
)

func mapper(kind string, pairs ...string) iam.Mapper {
	return iam.Mapper{Name: kind, Kind: kind, Config: conf(pairs...)}
}

var mapperCases = []struct {
	name    string
	mappers []iam.Mapper
	want    string // the claims beyond the protocol's own
}{
	{"no mapper", nil, `{}`},
	{"attribute", []iam.Mapper{mapper(attributeMapper, "user.attribute", "tag", "claim.name", "t")}, `{"t":"x"}`},
	{"attribute, several", []iam.Mapper{mapper(attributeMapper, "user.attribute", "tag", "claim.name", "t", "multivalued", "true")}, `{"t":["x","a"]}`},
	{"attribute with those of groups", []iam.Mapper{mapper(attributeMapper, "user.attribute", "tag", "claim.name", "t", "multivalued", "true", "aggregate.attrs", "true")}, `{"t":["x","a","b","c"]}`},
	{"attribute of a parent group", []iam.Mapper{mapper(attributeMapper, "user.attribute", "zone", "claim.name", "r")}, `{"r":"EU"}`},
	{"attribute that is not there", []iam.Mapper{mapper(attributeMapper, "user.attribute", "nope", "claim.name", "t", "multivalued", "true")}, `{}`},
	{"attribute that is a field", []iam.Mapper{mapper(attributeMapper, "user.attribute", "firstName", "claim.name", "t")}, `{"t":"Jane"}`},
	{"attribute without a claim name", []iam.Mapper{mapper(attributeMapper, "user.attribute", "tag")}, `{}`},
	{"number", []iam.Mapper{mapper(attributeMapper, "user.attribute", "age", "claim.name", "n", "jsonType.label", "int")}, `{"n":42}`},
	{"long", []iam.Mapper{mapper(attributeMapper, "user.attribute", "big", "claim.name", "n", "jsonType.label", "long")}, `{"n":9000000000}`},
	{"int too big", []iam.Mapper{mapper(attributeMapper, "user.attribute", "big", "claim.name", "n", "jsonType.label", "int")}, `{}`},
	{"boolean", []iam.Mapper{mapper(attributeMapper, "user.attribute", "flag", "claim.name", "b", "jsonType.label", "boolean")}, `{"b":true}`},
	{"no boolean", []iam.Mapper{mapper(attributeMapper, "user.attribute", "bad", "claim.name", "b", "jsonType.label", "boolean")}, `{}`},
	{"JSON", []iam.Mapper{mapper(attributeMapper, "user.attribute", "json", "claim.name", "j", "jsonType.label", "JSON")}, `{"j":{"a":[1,2]}}`},
	{"JSON with duplicates", []iam.Mapper{mapper(attributeMapper, "user.attribute", "dup", "claim.name", "j", "jsonType.label", "JSON")}, `{}`},
	{"JSON too deep", []iam.Mapper{mapper(attributeMapper, "user.attribute", "deep", "claim.name", "j", "jsonType.label", "JSON")}, `{}`},
	{"several of which one does not fit", []iam.Mapper{mapper(attributeMapper, "user.attribute", "mixed", "claim.name", "n", "jsonType.label", "int", "multivalued", "true")}, `{"n":[1,3]}`},
	{"text is not HTML", []iam.Mapper{mapper(attributeMapper, "user.attribute", "html", "claim.name", "h")}, `{"h":"<&>\"\\"}`},
	{"nesting", []iam.Mapper{
		mapper(hardClaim, "claim.name", "a.b.c", "claim.value", "1"), mapper(hardClaim, "claim.name", "a.b.d", "claim.value", "2", "jsonType.label", "int"),
		mapper(hardClaim, "claim.name", `a\.b.e`, "claim.value", "3"), mapper(hardClaim, "claim.name", `x..y.`, "claim.value", "4"),
	}, `{"a":{"b":{"c":"1","d":2}},"a.b":{"e":"3"},"x":{"y":"4"}}`},
	{"the last one wins", []iam.Mapper{
		mapper(hardClaim, "claim.name", "a", "claim.value", "1"), mapper(hardClaim, "claim.name", "a.b", "claim.value", "2"),
		mapper(hardClaim, "claim.name", "c.d", "claim.value", "3"), mapper(hardClaim, "claim.name", "c", "claim.value", "4"),
	}, `{"a":{"b":"2"},"c":"4"}`},
	{"nesting too deep", []iam.Mapper{mapper(hardClaim, "claim.name", "a.b.c.d.e.f.g", "claim.value", "1")}, `{}`},
	{"hardcoded JSON", []iam.Mapper{mapper(hardClaim, "claim.name", "a", "claim.value", `{"x":[true,null]}`, "jsonType.label", "JSON")}, `{"a":{"x":[true,null]}}`},
	{"properties", []iam.Mapper{
		mapper(propertyMapper, "user.attribute", "username", "claim.name", "u"), mapper(propertyMapper, "user.attribute", "email", "claim.name", "e"),
		mapper(propertyMapper, "user.attribute", "lastName", "claim.name", "l"), mapper(propertyMapper, "user.attribute", "id", "claim.name", "i"),
		mapper(propertyMapper, "user.attribute", "emailVerified", "claim.name", "v", "jsonType.label", "boolean"),
		mapper(propertyMapper, "user.attribute", "enabled", "claim.name", "on"), mapper(propertyMapper, "user.attribute", "what", "claim.name", "w"),
		mapper(propertyMapper, "user.attribute", "createdTimestamp", "claim.name", "c", "jsonType.label", "long"),
	}, `{"u":"jane@example.com","e":"jane@example.com","l":"Doe","i":"8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67","v":true,"on":"true","c":1700000000000}`},
	{"full name", []iam.Mapper{mapper("oidc-full-name-mapper")}, `{"name":"Jane Doe"}`},
	{"address", []iam.Mapper{mapper("oidc-address-mapper", "user.attribute.street", "street", "user.attribute.postal_code", "plz")},
		`{"address":{"street_address":"Main Street 1","locality":"Berlin","postal_code":"10115"}}`},
	{"realm roles", []iam.Mapper{mapper(realmRoles, "claim.name", "realm_access.roles", "multivalued", "true")},
		`{"realm_access":{"roles":["editor","default-roles-platform","staff","viewer","offline_access","uma_authorization"]}}`},
	{"realm roles with a prefix", []iam.Mapper{mapper(realmRoles, "claim.name", "r", "multivalued", "true", "usermodel.realmRoleMapping.rolePrefix", "R_")},
		`{"r":["R_editor","R_default-roles-platform","R_staff","R_viewer","R_offline_access","R_uma_authorization"]}`},
	{"realm roles as one text", []iam.Mapper{mapper(realmRoles, "claim.name", "r")},
		`{"r":"[editor, default-roles-platform, staff, viewer, offline_access, uma_authorization]"}`},
	{"client roles", []iam.Mapper{mapper(clientRoles, "claim.name", "resource_access.${client_id}.roles", "multivalued", "true")},
		`{"resource_access":{"anonymous":{"roles":["own"]},"my.app":{"roles":["user"]},"shop":{"roles":["seller","buyer"]}}}`},
	{"roles of one client", []iam.Mapper{mapper(clientRoles, "claim.name", "shop", "multivalued", "true", "usermodel.clientRoleMapping.clientId", "shop", "usermodel.clientRoleMapping.rolePrefix", "S-")},
		`{"shop":["S-seller","S-buyer"]}`},
	{"roles of a client without any", []iam.Mapper{mapper(clientRoles, "claim.name", "x", "multivalued", "true", "usermodel.clientRoleMapping.clientId", "nobody")}, `{}`},
	{"groups by path", []iam.Mapper{mapper(groupMapper, "claim.name", "g", "full.path", "true")}, `{"g":["/europe/berlin"]}`},
	{"groups by name", []iam.Mapper{mapper(groupMapper, "claim.name", "g", "full.path", "false")}, `{"g":["berlin"]}`},
	{"allowed origins", []iam.Mapper{mapper("oidc-allowed-origins-mapper")}, `{"allowed-origins":["https://app.example","https://app.example:8443","https://other.example"]}`},
	{"audience of a client", []iam.Mapper{mapper(audienceMapper, "included.client.audience", "shop", "included.custom.audience", "other")}, `{"aud":"shop"}`},
	{"audiences", []iam.Mapper{mapper(audienceMapper, "included.custom.audience", "a"), mapper(audienceMapper, "included.custom.audience", "b"), mapper(audienceMapper, "included.custom.audience", "a")}, `{"aud":["a","b"]}`},
	{"audience by roles", []iam.Mapper{mapper("oidc-audience-resolve-mapper")}, `{"aud":["my.app","shop"]}`},
	{"hardcoded roles", []iam.Mapper{
		mapper(realmRoles, "claim.name", "r", "multivalued", "true"), mapper(clientRoles, "claim.name", "c", "multivalued", "true", "usermodel.clientRoleMapping.clientId", "new"),
		mapper("oidc-hardcoded-role-mapper", "role", "extra"), mapper("oidc-hardcoded-role-mapper", "role", "new.role"), mapper("oidc-hardcoded-role-mapper", "role", "editor"),
	}, `{"r":["editor","default-roles-platform","staff","viewer","offline_access","uma_authorization","extra"],"c":["role"]}`},
	{"renamed roles", []iam.Mapper{
		mapper(realmRoles, "claim.name", "r", "multivalued", "true"), mapper(clientRoles, "claim.name", "c", "multivalued", "true", "usermodel.clientRoleMapping.clientId", "shop"),
		mapper("oidc-role-name-mapper", "role", "editor", "new.role.name", "shop.chief"), mapper("oidc-role-name-mapper", "role", "shop.buyer", "new.role.name", "client"),
		mapper("oidc-role-name-mapper", "role", "nobody", "new.role.name", "x"),
	}, `{"r":["default-roles-platform","staff","viewer","client","offline_access","uma_authorization"],"c":["chief","seller"]}`},
	{"what the core does", []iam.Mapper{
		mapper("oidc-sub-mapper"), mapper("oidc-acr-mapper"), mapper("oidc-session-state-mapper"), mapper("oidc-usersessionmodel-note-mapper", "claim.name", "n"),
		mapper("oidc-nonce-backwards-compatible-mapper"), mapper("oidc-something-unknown-mapper", "claim.name", "x", "claim.value", "y"),
	}, `{}`},
	{"not for access tokens", []iam.Mapper{{Kind: hardClaim, Config: map[string]string{"claim.name": "a", "claim.value": "1", "id.token.claim": "true"}}}, `{}`},
}

// beyond are the claims that the protocol does not state itself.
func beyond(claims map[string]any) map[string]any {
	for _, name := range []string{"exp", "iat", "jti", "iss", "sub", "typ", "azp", "session_state", "sid", "acr", "reuse_id", "gen", "scope", "at_hash"} {
		delete(claims, name)
	}
	return claims
}

func TestMappers(t *testing.T) {
	t.Parallel()
	for _, c := range mapperCases {
		r, u := mapperRealm(t)
		r.Clients["anonymous"].Mappers = c.mappers
		s := newSubject(t, r, "")
		s.User = u
		raw := mustAccess(t, s)
		if _, err := r.Parse(raw); err != nil {
			t.Errorf("%s: the token is not read back: %v", c.name, err)
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(want, beyond(claimsOf(t, raw))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// Whatever a mapper is called to set, it never touches the protocol's claims.
func TestReservedClaims(t *testing.T) {
	t.Parallel()
	plain, u := mapperRealm(t)
	base := newSubject(t, plain, "openid")
	base.User = u
	for _, name := range []string{
		"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "typ", "azp", "sid", "session_state", "reuse_id", "gen", "nonce", "scope",
		"acr", "auth_time", "at_hash", "c_hash", "cnf", "act", "active", "client_id", "username", "token_type", "events",
		"allowed-origins", "realm_access", "resource_access", "realm_access.roles", "resource_access.shop.roles", `realm_access`, `i\ss`, ".sub", "sub.x",
	} {
		for _, kind := range []string{hardClaim, attributeMapper, propertyMapper, groupMapper, realmRoles, "oidc-full-name-mapper"} {
			if kind == realmRoles && (name == "realm_access.roles" || name == "resource_access.shop.roles") {
				continue // what these are for
			}
			r, _ := mapperRealm(t)
			r.Clients["anonymous"].Mappers = []iam.Mapper{mapper(kind, "claim.name", name, "claim.value", "evil", "user.attribute", "email", "multivalued", "true")}
			s := base
			s.Realm, s.Client, s.NewID = r, r.Clients["anonymous"], counter()
			s2 := base
			s2.NewID = counter()
			if diff := cmp.Diff(claimsOf(t, mustAccess(t, s2)), claimsOf(t, mustAccess(t, s))); diff != "" {
				t.Errorf("%s changes %s of an access token\n%s", kind, name, diff)
			}
			if diff := cmp.Diff(claimsOf(t, mustID(t, s2)), claimsOf(t, mustID(t, s))); diff != "" {
				t.Errorf("%s changes %s of an ID token\n%s", kind, name, diff)
			}
		}
	}
}

func TestMapperPlaces(t *testing.T) {
	t.Parallel()
	r, u := mapperRealm(t)
	only := func(name string, places ...string) iam.Mapper {
		m := iam.Mapper{Kind: hardClaim, Config: map[string]string{"claim.name": name, "claim.value": "1"}}
		for _, p := range []string{"access.token.claim", "id.token.claim", "userinfo.token.claim"} {
			m.Config[p] = "false"
		}
		for _, p := range places {
			m.Config[p] = "true"
		}
		return m
	}
	old := only("old", "id.token.claim")
	delete(old.Config, "userinfo.token.claim") // files older than the switch
	r.Clients["anonymous"].Mappers = []iam.Mapper{
		only("a", "access.token.claim"), only("i", "id.token.claim"), only("u", "userinfo.token.claim"), only("none"), old,
		mapper(audienceMapper, "included.custom.audience", "extra"),
	}
	s := newSubject(t, r, "openid")
	s.User = u
	for _, c := range []struct{ name, got, want string }{
		{"access", asJSON(t, beyond(claimsOf(t, mustAccess(t, s)))), `{"a":"1","aud":"extra"}`},
		{"ID", asJSON(t, beyond(claimsOf(t, mustID(t, s)))), `{"aud":["anonymous","extra"],"i":"1","nonce":"nonce-1","old":"1"}`},
		{"userinfo", string(token.UserInfo(r, s.Client, u, s.Scopes)), `{"sub":"` + u.ID + `","u":"1","old":"1"}`},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestUserInfoText(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	s := newSubject(t, r, "openid address")
	s.User.Attributes = map[string][]string{"country": {"DE"}}
	want := `{"sub":"8c5a3f0e-7b1d-4c6e-9a52-0f3d1e2b4c67","name":"Jane Doe","preferred_username":"jane@example.com","given_name":"Jane",` +
		`"family_name":"Doe","email":"jane@example.com","email_verified":true,"address":{"country":"DE"}}`
	if got := string(token.UserInfo(r, s.Client, s.User, s.Scopes)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(token.UserInfo(r, s.Client, &iam.User{ID: "u"}, token.Scopes{})); got != `{"sub":"u"}` {
		t.Errorf("without scopes: %s", got)
	}
}

func TestMicroprofileScope(t *testing.T) {
	t.Parallel()
	r := newRealm(t, "RS256")
	c := claimsOf(t, mustAccess(t, newSubject(t, r, "openid microprofile-jwt phone")))
	if c["upn"] != "jane@example.com" || asJSON(t, c["groups"]) != `["default-roles-platform","offline_access","uma_authorization"]` {
		t.Errorf("upn %v, groups %v", c["upn"], c["groups"])
	}
	if c["scope"] != "openid profile email microprofile-jwt phone" {
		t.Errorf("scope %v", c["scope"])
	}
}

func TestScopedRoles(t *testing.T) {
	t.Parallel()
	r, u := mapperRealm(t)
	c := r.Clients["anonymous"]
	c.FullScopeAllowed = false
	c.ScopeRoles = map[string][]string{"": {"viewer"}, "my.app": {"other"}}
	c.Mappers = []iam.Mapper{
		mapper(realmRoles, "claim.name", "realm_access.roles", "multivalued", "true"),
		mapper(clientRoles, "claim.name", "resource_access.${client_id}.roles", "multivalued", "true"),
		mapper("oidc-audience-resolve-mapper"),
	}
	s := newSubject(t, r, "")
	s.User = u
	// viewer contains editor, which contains the buyer of shop; own roles always show.
	want := `{"aud":"shop","realm_access":{"roles":["editor","viewer"]},"resource_access":{"anonymous":{"roles":["own"]},"shop":{"roles":["buyer"]}}}`
	if got := asJSON(t, beyond(claimsOf(t, mustAccess(t, s)))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Hundreds of roles in a circle of composites: all there, each once.
func TestManyRoles(t *testing.T) {
	t.Parallel()
	r, u := mapperRealm(t)
	names := make([]string, 300)
	for i := range names {
		names[i] = "role-" + string(rune('a'+i%26)) + string(rune('0'+i/26))
	}
	for i, name := range names {
		r.Realm.Roles = append(r.Realm.Roles, iam.Role{Name: name, Realm: []string{names[(i+1)%len(names)], names[(i+7)%len(names)]}})
	}
	u.RealmRoles, u.Groups = names[:1], nil
	r.Clients["anonymous"].Mappers = []iam.Mapper{mapper(realmRoles, "claim.name", "r", "multivalued", "true")}
	s := newSubject(t, r, "")
	s.User = u
	list := claimsOf(t, mustAccess(t, s))["r"].([]any)
	got := make([]string, len(list))
	for i, v := range list {
		got[i] = v.(string)
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) != len(names)+3 {
		t.Errorf("%d roles", len(got))
	}
}

func TestAllowedOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origins, redirects, want []string
	}{
		{nil, []string{"https://a.example/x"}, nil},
		{[]string{"*"}, nil, []string{"*"}},
		{[]string{"+"}, []string{"https://a.example/x", "https://a.example/y", "http://b.example:81?q", "https://*.c.example/", "https://u@d.example/", "javascript://e/", "*", "https://", "https://F.example:443/*", "http://g.example:80"},
			[]string{"https://a.example", "http://b.example:81", "https://f.example", "http://g.example"}},
		{[]string{"https://x.example/", "", "+", "https://x.example"}, []string{"https://a.example/*"}, []string{"https://x.example", "https://a.example"}},
	} {
		if got := token.AllowedOrigins(&iam.Client{WebOrigins: c.origins, RedirectURIs: c.redirects}); !slices.Equal(got, c.want) {
			t.Errorf("%v with %v: %v, want %v", c.origins, c.redirects, got, c.want)
		}
	}
}
