package realmfile

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// scopes reads client scopes and the lists given to new clients. A file that
// does not speak of client scopes gets the built-in ones from the importer.
func scopes(o *object, d *Draft) {
	r := &d.Realm
	seen := map[string]bool{}
	for _, s := range o.list("clientScopes") {
		scope := iam.ClientScope{ID: identifier(s, "id"), Name: s.str("name", "")}
		switch {
		case scope.Name == "" || strings.ContainsAny(scope.Name, " \t\r\n"):
			s.fault("name", "a client scope needs a name without blanks")
		case seen[scope.Name]:
			s.fault("name", "the client scope "+scope.Name+" is there twice")
		}
		seen[scope.Name] = true
		if p := s.str("protocol", "openid-connect"); p != "openid-connect" {
			r.Kept = keep(r.Kept, "clientScopes/"+scope.Name, wholeOf(s))
			s.warn("protocol", p+" is not supported: the client scope is "+notUsed)
			continue
		}
		attributes := s.textMap("attributes")
		scope.InTokenScope = attributes[inTokenScope] != "false"
		scopeAttributes(s)
		scope.Mappers = mappers(s, "clientScopes/"+scope.Name+"/", &r.Kept)
		rest := s.rest(knownScope)
		delete(attributes, inTokenScope) // the row says it
		if len(attributes) > 0 {
			rest = keep(rest, "attributes", rawMap(attributes))
		}
		r.Kept = keep(r.Kept, "clientScopes/"+scope.Name, rest)
		r.ClientScopes = append(r.ClientScopes, scope)
	}
	r.DefaultScopes = scopeNames(o, "defaultDefaultClientScopes", d, &r.Kept)
	r.OptionalScopes = scopeNames(o, "defaultOptionalClientScopes", d, &r.Kept)
}

// scopeNames reads a list of scope names; like Keycloak it passes over names
// that stand for nothing, but says so and keeps them.
func scopeNames(o *object, name string, d *Draft, kept *map[string]json.RawMessage) []string {
	list := o.texts(name)
	if list == nil || !d.States("clientScopes") {
		return list
	}
	out := make([]string, 0, len(list))
	var absent []string
	for _, s := range list {
		if !iam.HasScope(d.Realm.ClientScopes, s) && s != iam.VideoAudience {
			o.warn(name, "there is no client scope "+s+": passed over")
			absent = append(absent, s)
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(absent) > 0 {
		*kept = keep(*kept, "", map[string]json.RawMessage{name: mustJSON(absent)})
	}
	return out
}

const inTokenScope = "include.in.token.scope"

// mappers reads protocol mappers; what they say beyond is kept below path,
// under their names.
func mappers(o *object, path string, kept *map[string]json.RawMessage) []iam.Mapper {
	var out []iam.Mapper
	for _, m := range o.list("protocolMappers") {
		mapper := iam.Mapper{Name: m.str("name", ""), Kind: m.str("protocolMapper", ""), Config: m.textMap("config")}
		if mapper.Kind == "" {
			m.fault("protocolMapper", "a mapper needs its kind")
		} else if !mapperKinds[mapper.Kind] {
			m.warn("protocolMapper", mapper.Kind+" is "+notUsed)
		}
		m.used["id"], m.used["protocol"] = true, true // say nothing a mapper's name and place do not
		for name := range knownMapper {               // every export says consentRequired: false
			if v := m.find(name); v != nil && !says(&v.value) {
				m.used[name] = true
			}
		}
		*kept = keep(*kept, path+"protocolMappers/"+cmp.Or(mapper.Name, m.label), m.rest(knownMapper))
		out = append(out, mapper)
	}
	return out
}

// mapperKinds are the protocol mappers tokens are made with.
var mapperKinds = words(`oidc-usermodel-attribute-mapper oidc-usermodel-property-mapper oidc-full-name-mapper oidc-address-mapper
oidc-usermodel-realm-role-mapper oidc-usermodel-client-role-mapper oidc-role-name-mapper oidc-hardcoded-role-mapper
oidc-hardcoded-claim-mapper oidc-group-membership-mapper oidc-audience-mapper oidc-audience-resolve-mapper
oidc-allowed-origins-mapper oidc-usersessionmodel-note-mapper oidc-sub-mapper oidc-acr-mapper oidc-session-state-mapper
oidc-nonce-backwards-compatible-mapper`)

// scopeMappings reads which roles a client without full scope may see.
func scopeMappings(o *object, d *Draft) {
	for _, m := range o.list("scopeMappings") {
		grantScope(m, d, "", m.texts("roles"))
	}
	o.lists("clientScopeMappings", func(owner string, list []*object) {
		for _, m := range list {
			grantScope(m, d, owner, m.texts("roles"))
		}
	})
}

func grantScope(m *object, d *Draft, owner string, names []string) {
	if scope := m.str("clientScope", ""); scope != "" {
		m.warn("clientScope", "roles of client scopes are "+notUsed)
		d.Realm.Kept = keep(d.Realm.Kept, "scopeMappings/"+owner+"/clientScope/"+scope, wholeOf(m))
		return
	}
	id := m.str("client", "")
	for i := range d.Clients {
		c := &d.Clients[i]
		if c.ClientID != id {
			continue
		}
		if c.ScopeRoles == nil {
			c.ScopeRoles = map[string][]string{}
		}
		c.ScopeRoles[owner] = append(c.ScopeRoles[owner], names...)
		d.Realm.Kept = keep(d.Realm.Kept, "scopeMappings/"+owner+"/client/"+id, m.rest(words("self clientTemplate")))
		return
	}
	m.fault("client", "there is no client "+id)
}
