package token

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// stepKind is what a compiled mapper does.
type stepKind uint8

const (
	stepNothing stepKind = iota // known, and done by the core (sub, acr, session state …)
	stepAttribute
	stepProperty
	stepFullName
	stepAddress
	stepRealmRoles
	stepClientRoles
	stepHardClaim
	stepHardRole
	stepRenameRole
	stepGroups
	stepAudience
	stepAudienceResolve
	stepOrigins
)

// mapperKinds are Keycloak's protocol mappers that Usher knows, by
// protocolMapper id. The others do nothing; an import names them.
var mapperKinds = map[string]stepKind{
	"oidc-usermodel-attribute-mapper":        stepAttribute,
	"oidc-usermodel-property-mapper":         stepProperty,
	"oidc-full-name-mapper":                  stepFullName,
	"oidc-address-mapper":                    stepAddress,
	"oidc-usermodel-realm-role-mapper":       stepRealmRoles,
	"oidc-usermodel-client-role-mapper":      stepClientRoles,
	"oidc-hardcoded-claim-mapper":            stepHardClaim,
	"oidc-hardcoded-role-mapper":             stepHardRole,
	"oidc-role-name-mapper":                  stepRenameRole,
	"oidc-group-membership-mapper":           stepGroups,
	"oidc-audience-mapper":                   stepAudience,
	"oidc-audience-resolve-mapper":           stepAudienceResolve,
	"oidc-allowed-origins-mapper":            stepOrigins,
	"oidc-sub-mapper":                        stepNothing,
	"oidc-acr-mapper":                        stepNothing,
	"oidc-session-state-mapper":              stepNothing,
	"oidc-usersessionmodel-note-mapper":      stepNothing,
	"oidc-nonce-backwards-compatible-mapper": stepNothing,
}

// reserved are the claims that carry the protocol: no mapper may set them,
// whatever its configuration says. Role mappers alone write realm_access and
// resource_access; the origins mapper alone writes allowed-origins.
var reserved = map[string]bool{
	"iss": true, "sub": true, "aud": true, "exp": true, "iat": true, "nbf": true, "jti": true, "typ": true,
	"azp": true, "sid": true, "session_state": true, "scope": true, "acr": true, "amr": true, "auth_time": true,
	"nonce": true, "at_hash": true, "c_hash": true, "s_hash": true, "cnf": true, "act": true, "may_act": true,
	"reuse_id": true, "gen": true, "client_id": true, "clientHost": true, "clientAddress": true,
	"active": true, "username": true, "token_type": true, "events": true,
	"allowed-origins": true, "realm_access": true, "resource_access": true,
}

// step is one protocol mapper, read once.
type step struct {
	kind                 stepKind
	access, id, userinfo bool
	path                 []string // of the claim; nil for mappers without one
	label                string   // jsonType.label
	list                 bool     // multivalued
	all                  bool     // aggregate.attrs, full.path
	source               string   // attribute, property, value, role, audience or clientId
	prefix               string   // of role names
	to                   roleKey  // the new name of a role
	parts                []string // attributes of the address, in the order of addressParts
}

// clientInPath stands for a client's id in the claim name of a role mapper.
const clientInPath = "${client_id}"

// maxPath bounds how deep a claim name may nest, so that what is minted never
// meets the depth limit of what is read.
const maxPath = 6

// compileMappers reads the mappers that do something.
func compileMappers(mappers []iam.Mapper) []step {
	var steps []step
	for i := range mappers {
		if s, ok := compileMapper(&mappers[i]); ok {
			steps = append(steps, s)
		}
	}
	return steps
}

// stepOf reads what most mappers state.
func stepOf(m *iam.Mapper) step {
	conf := m.Config
	s := step{
		kind:     mapperKinds[m.Kind],
		access:   isTrue(conf["access.token.claim"]),
		id:       isTrue(conf["id.token.claim"]),
		userinfo: isTrue(conf["userinfo.token.claim"]),
		label:    conf["jsonType.label"],
		list:     isTrue(conf["multivalued"]),
		source:   conf["user.attribute"],
	}
	if _, stated := conf["userinfo.token.claim"]; !stated {
		s.userinfo = s.id // as Keycloak reads files older than the switch
	}
	return s
}

// compileMapper reads one mapper; false where it does nothing.
func compileMapper(m *iam.Mapper) (step, bool) {
	conf, s := m.Config, stepOf(m)
	claim := conf["claim.name"]
	switch s.kind {
	case stepAttribute:
		s.all = isTrue(conf["aggregate.attrs"])
		return s.at(claim)
	case stepProperty:
		return s.at(claim)
	case stepHardClaim:
		s.source = conf["claim.value"]
		return s.at(claim)
	case stepGroups:
		s.all = isTrue(conf["full.path"])
		return s.at(claim)
	case stepFullName:
		return s.at(orElse(claim, "name"))
	case stepAddress:
		return s.address(conf)
	case stepRealmRoles, stepClientRoles:
		return s.roles(conf)
	case stepHardRole, stepRenameRole:
		s.access, s.id, s.userinfo = true, false, false
		s.source, s.to = conf["role"], parseRole(conf["new.role.name"])
		return s, s.source != "" && (s.kind == stepHardRole || s.to.name != "")
	case stepAudience:
		s.source = orElse(conf["included.client.audience"], conf["included.custom.audience"])
		return s, s.source != ""
	case stepAudienceResolve, stepOrigins:
		// These two work on access tokens whatever old files say about it.
		s.access, s.id, s.userinfo = conf["access.token.claim"] != "false", false, false
		return s, true
	}
	return s, false
}

// at gives the step its claim; a reserved one makes it unusable.
func (s step) at(claim string) (step, bool) {
	s.path = splitClaim(claim)
	usable := len(s.path) > 0 && len(s.path) <= maxPath && !reserved[s.path[0]]
	return s, usable
}

func (s step) roles(conf map[string]string) (step, bool) {
	claim, prefix := conf["claim.name"], "usermodel.realmRoleMapping.rolePrefix"
	if s.kind == stepClientRoles {
		prefix = "usermodel.clientRoleMapping.rolePrefix"
		s.source = conf["usermodel.clientRoleMapping.clientId"]
	}
	s.prefix = conf[prefix]
	s.path = splitClaim(claim)
	if len(s.path) == 0 || len(s.path) > maxPath {
		return s, false
	}
	mine := s.path[0] == "realm_access" || s.path[0] == "resource_access"
	return s, mine && len(s.path) > 1 || !reserved[s.path[0]]
}

// addressParts are the members of the address claim (OpenID Connect Core
// §5.1.1) and the configuration's words for them.
var addressParts = []struct{ claim, config string }{
	{"formatted", "formatted"},
	{"street_address", "street"},
	{"locality", "locality"},
	{"region", "region"},
	{"postal_code", "postal_code"},
	{"country", "country"},
}

func (s step) address(conf map[string]string) (step, bool) {
	for _, part := range addressParts {
		s.parts = append(s.parts, orElse(conf["user.attribute."+part.config], part.config))
	}
	s.path = []string{"address"}
	return s, true
}

// splitClaim cuts a claim name at its dots; a backslash takes the next
// character literally. Empty components are dropped, as Keycloak does.
func splitClaim(name string) []string {
	var path []string
	var part strings.Builder
	flush := func() {
		if part.Len() > 0 {
			path = append(path, part.String())
			part.Reset()
		}
	}
	// The placeholder contains no dot, so it survives the cutting.
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && i+1 < len(name):
			i++
			part.WriteByte(name[i])
		case c == '.':
			flush()
		default:
			part.WriteByte(c)
		}
	}
	flush()
	return path
}

// parseRole reads "role" or "client.role"; the last dot counts.
func parseRole(name string) roleKey {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return roleKey{client: name[:i], name: name[i+1:]}
	}
	return roleKey{name: name}
}

func isTrue(s string) bool { return s == "true" }

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
