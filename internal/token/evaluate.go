package token

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// The claims with a place of their own.
const (
	claimOrigins        = "allowed-origins"
	claimRealmAccess    = "realm_access"
	claimResourceAccess = "resource_access"
)

// place is where a claim may appear; each mapper names its places.
type place uint8

const (
	inAccess place = iota
	inID
	inUserInfo
)

// evaluation runs the mappers in force for one token.
type evaluation struct {
	plan   *plan
	client *clientPlan
	user   *iam.User
	where  place

	tree     tree
	audience []string
	roles    []roleKey
	resolved bool
}

// evaluate runs the mappers of the applied scopes, then the client's own.
// Mappers that change roles run first, as Keycloak orders them.
func (r *Realm) evaluate(c *iam.Client, u *iam.User, s Scopes, where place) *evaluation {
	p := r.plan()
	e := &evaluation{plan: p, client: p.client(r, c), user: u, where: where}
	e.tree.arena = make([]byte, 0, 512)
	e.tree.top = make([]node, 0, 16)
	if where == inAccess {
		e.each(s, e.changeRoles)
	}
	e.each(s, e.run)
	return e
}

func (e *evaluation) each(s Scopes, do func(*step)) {
	for i := range s.Applied {
		e.all(e.plan.scopeSteps(&s.Applied[i]), do)
	}
	e.all(e.client.steps, do)
}

func (e *evaluation) all(steps []step, do func(*step)) {
	for i := range steps {
		s := &steps[i]
		if e.where == inAccess && s.access || e.where == inID && s.id || e.where == inUserInfo && s.userinfo {
			do(s)
		}
	}
}

// scoped returns the roles of the token, resolved at first need.
func (e *evaluation) scoped() []roleKey {
	if !e.resolved {
		e.roles, e.resolved = e.plan.scopedRoles(e.user, e.client), true
	}
	return e.roles
}

func (e *evaluation) changeRoles(s *step) {
	switch s.kind {
	case stepHardRole:
		if k := parseRole(s.source); !slices.Contains(e.scoped(), k) {
			e.roles = append(e.scoped(), k)
		}
	case stepRenameRole:
		if i := slices.Index(e.scoped(), parseRole(s.source)); i >= 0 {
			e.roles[i] = s.to
		}
	}
}

func (e *evaluation) run(s *step) {
	switch s.kind {
	case stepAttribute:
		e.values(s, e.attribute(s.source, s.all))
	case stepProperty:
		if v := userProperty(e.user, s.source); v != "" {
			e.value(s, v)
		}
	case stepHardClaim:
		e.value(s, s.source)
	case stepFullName:
		if v := strings.TrimSpace(e.user.FirstName + " " + e.user.LastName); v != "" {
			e.tree.text(s.path, v)
		}
	case stepAddress:
		e.address(s)
	case stepRealmRoles:
		e.roleNames(s, "", "")
	case stepClientRoles:
		e.clientRoles(s)
	case stepGroups:
		e.groups(s)
	case stepAudience:
		e.addAudience(s.source)
	case stepAudienceResolve:
		for _, k := range e.scoped() {
			// A client is not its own audience by its own roles, as in Keycloak.
			if k.client != "" && k.client != e.client.id {
				e.addAudience(k.client)
			}
		}
	case stepOrigins:
		if len(e.client.origins) > 0 {
			from := len(e.tree.arena)
			e.tree.arena = appendStrings(e.tree.arena, e.client.origins)
			e.tree.set([]string{claimOrigins}, "", from)
		}
	}
}

func (e *evaluation) addAudience(name string) {
	if !slices.Contains(e.audience, name) {
		e.audience = append(e.audience, name)
	}
}

// attribute returns a user's attribute, else the first of its groups that has
// it; with all, the values of both together.
func (e *evaluation) attribute(name string, all bool) []string {
	own := userAttribute(e.user, name)
	if len(own) > 0 && !all || len(e.user.Groups) == 0 {
		return own
	}
	out := slices.Clone(own)
	for _, path := range e.user.Groups {
		for path != "" {
			if g := e.plan.groups[path]; g != nil {
				for _, v := range g.Attributes[name] {
					if !slices.Contains(out, v) {
						out = append(out, v)
					}
				}
				if len(out) > 0 && !all {
					return out
				}
			}
			path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		}
	}
	return out
}

// userAttribute knows the four attributes that are fields as well.
func userAttribute(u *iam.User, name string) []string {
	if v, ok := u.Attributes[name]; ok {
		return v
	}
	switch name {
	case "username", "email", "firstName", "lastName":
		if v := userProperty(u, name); v != "" {
			return []string{v}
		}
	}
	return nil
}

func userProperty(u *iam.User, name string) string {
	switch name {
	case "username":
		return u.Username
	case "email":
		return u.Email
	case "firstName":
		return u.FirstName
	case "lastName":
		return u.LastName
	case "id":
		return u.ID
	case "emailVerified":
		return strconv.FormatBool(u.EmailVerified)
	case "enabled":
		return strconv.FormatBool(u.Enabled)
	case "createdTimestamp":
		if u.CreatedAt != 0 {
			return strconv.FormatInt(u.CreatedAt, 10)
		}
	}
	return ""
}

// value sets a claim of one value; one that does not fit its type is left out.
func (e *evaluation) value(s *step, v string) {
	from := len(e.tree.arena)
	out, ok := appendTyped(e.tree.arena, s.label, v)
	if !ok {
		return
	}
	if s.list {
		out = slices.Insert(out, from, '[')
		out = append(out, ']')
	}
	e.tree.arena = out
	e.tree.set(s.path, "", from)
}

func (e *evaluation) values(s *step, list []string) {
	if !s.list {
		if len(list) > 0 {
			e.value(s, list[0])
		}
		return
	}
	from, any := len(e.tree.arena), false
	out := append(e.tree.arena, '[')
	for _, v := range list {
		mark := len(out)
		if any {
			out = append(out, ',')
		}
		next, ok := appendTyped(out, s.label, v)
		if !ok {
			out = out[:mark]
			continue
		}
		out, any = next, true
	}
	if any {
		e.tree.arena = append(out, ']')
		e.tree.set(s.path, "", from)
	}
}

// appendTyped writes v as jsonType.label says.
func appendTyped(b []byte, label, v string) ([]byte, bool) {
	switch label {
	case "boolean":
		on, err := strconv.ParseBool(strings.ToLower(v))
		return strconv.AppendBool(b, on), err == nil
	case "long", "int":
		bits := 64
		if label == "int" {
			bits = 32
		}
		n, err := strconv.ParseInt(v, 10, bits)
		return strconv.AppendInt(b, n, 10), err == nil
	case "JSON":
		if !validJSON(v, maxPath+1) {
			return b, false
		}
		var compact bytes.Buffer
		err := json.Compact(&compact, []byte(v))
		return append(b, compact.Bytes()...), err == nil
	}
	return appendString(b, v), true
}

func (e *evaluation) address(s *step) {
	from := len(e.tree.arena)
	p := payload{}
	for i, part := range addressParts {
		if v := e.attribute(s.parts[i], false); len(v) > 0 {
			p.text(part.claim, v[0])
		}
	}
	e.tree.arena = append(e.tree.arena, p.close()...)
	e.tree.set(s.path, "", from)
}

func (e *evaluation) groups(s *step) {
	if len(e.user.Groups) == 0 {
		return
	}
	names := make([]string, len(e.user.Groups))
	for i, path := range e.user.Groups {
		names[i] = path
		if !s.all {
			names[i] = path[strings.LastIndexByte(path, '/')+1:]
		}
	}
	from := len(e.tree.arena)
	e.tree.arena = appendStrings(e.tree.arena, names)
	e.tree.set(s.path, "", from)
}

func (e *evaluation) clientRoles(s *step) {
	if s.source != "" {
		e.roleNames(s, s.source, s.source)
		return
	}
	var done []string
	for _, k := range e.scoped() {
		if k.client != "" && !slices.Contains(done, k.client) {
			done = append(done, k.client)
			e.roleNames(s, k.client, k.client)
		}
	}
}

// roleNames sets the claim of the roles of one client, or of the realm.
func (e *evaluation) roleNames(s *step, client, inPath string) {
	from := len(e.tree.arena)
	sep := byte('[')
	for _, k := range e.scoped() {
		if k.client != client {
			continue
		}
		e.tree.arena = append(e.tree.arena, sep)
		e.tree.arena = appendString(e.tree.arena, s.prefix+k.name)
		sep = ','
	}
	if sep == '[' {
		return
	}
	e.tree.arena = append(e.tree.arena, ']')
	if !s.list && s.path[0] != claimRealmAccess && s.path[0] != claimResourceAccess {
		e.oneString(from)
	}
	e.tree.set(s.path, inPath, from)
}

// oneString turns the list at arena[from:] into the single string that Keycloak
// makes of a list when a mapper is not multivalued: "[a, b]".
func (e *evaluation) oneString(from int) {
	var names []string
	if json.Unmarshal(e.tree.arena[from:], &names) == nil {
		e.tree.arena = appendString(e.tree.arena[:from], "["+strings.Join(names, ", ")+"]")
	}
}
