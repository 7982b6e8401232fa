package realmfile

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// People are the users of a realm met so far, in however many files, and what
// users may refer to: what may be there only once is found by it.
type People struct {
	names, ids map[string]bool
	emails     map[string]string // whose it is
	sameEmails bool
	realm      *iam.Realm // gets the roles that users name and it lacks

	realmRoles, groups map[string]bool
	clientRoles        map[string]map[string]bool
}

// NewPeople knows no users yet. The roles that users will name and the realm
// lacks are made in r.
func NewPeople(r *iam.Realm, clients []iam.Client) *People {
	_, same := r.Kept[sameEmails]
	x := &People{
		names: map[string]bool{}, ids: map[string]bool{}, emails: map[string]string{}, sameEmails: same, realm: r,
		realmRoles: map[string]bool{}, groups: map[string]bool{}, clientRoles: map[string]map[string]bool{},
	}
	for _, role := range r.Roles {
		x.realmRoles[role.Name] = true
	}
	for _, g := range r.Groups {
		x.groups[g.Path] = true
	}
	for _, c := range clients {
		x.clientRoles[c.ClientID] = map[string]bool{}
	}
	for client, list := range r.ClientRoles {
		if x.clientRoles[client] == nil {
			x.clientRoles[client] = map[string]bool{}
		}
		for _, role := range list {
			x.clientRoles[client][role.Name] = true
		}
	}
	return x
}

// Has says whether there is a user of that name, which is canonical.
func (x *People) Has(name string) bool { return x.names[name] }

// Add says that there is a user of that name.
func (x *People) Add(name string) { x.names[name] = true }

// SameEmails says whether several users may have one address.
func (x *People) SameEmails() bool { return x.sameEmails }

// Users takes the users of one part of a file. They are of no use where whole
// is false: the file has faults.
func (x *People) Users(p *Part) (list []User, whole bool) {
	if p.UsersOnly() {
		p.o.used["users"] = true
		p.o.rest(words("federatedUsers"))
	}
	list = x.users(p.o)
	return list, len(p.o.notes.faults) == 0
}

// users converts the users of one file.
func (x *People) users(o *object) []User {
	list := o.list("users")
	out := make([]User, 0, len(list))
	for _, u := range list {
		user := user(u)
		x.once(u, &user)
		x.references(u, &user)
		out = append(out, user)
	}
	return out
}

// user converts one user.
func user(u *object) User {
	out := User{User: iam.User{
		ID: identifier(u, "id"), Username: iam.CanonicalName(u.str("username", "")),
		Email: iam.CanonicalName(u.str("email", "")), EmailVerified: u.boolean("emailVerified", false),
		FirstName: u.str("firstName", ""), LastName: u.str("lastName", ""),
		Enabled:    enabled(u),
		NotBefore:  u.integer("notBefore", 0, 0, maxSeconds),
		CreatedAt:  u.integer("createdTimestamp", 0, 0, 1<<53),
		Attributes: u.textsMap("attributes"), RequiredActions: u.texts("requiredActions"),
		RealmRoles: u.texts("realmRoles"), ClientRoles: u.textsMap("clientRoles"), Groups: u.texts("groups"),
		ServiceAccountOf: u.str("serviceAccountClientId", ""),
	}}
	for _, name := range []string{"id", "username"} {
		if v := u.get(name); v != nil && v.kind != '"' && scalar(v) {
			u.fault(name, "must be a string")
		}
	}
	for _, c := range u.list("credentials") {
		credential(c, &out)
	}
	u.boolean("totp", false) // Keycloak computes it from the credentials
	out.Kept = keep(out.Kept, "", u.rest(knownUser))
	return out
}

// once blames what another user of the files has already.
func (x *People) once(u *object, user *User) {
	name, email := user.Username, user.Email
	owner, taken := x.emails[email]
	switch {
	case name == "":
		u.fault("username", "a user needs a username")
	case len(name) > 255:
		u.fault("username", "longer than 255 bytes")
	case x.names[name]:
		u.fault("username", "the user "+name+" is there twice (upper and lower case count as one)")
	case user.ID != "" && x.ids[user.ID]:
		u.fault("id", "this id is there twice")
	case email != "" && taken && !x.sameEmails:
		u.fault("email", "the address "+email+" is there twice, and duplicateEmailsAllowed is off")
	case len(email) > 255:
		u.fault("email", "longer than 255 bytes")
	case x.realm.LoginWithEmail:
		x.crossed(u, name, email)
	}
	x.names[name], x.ids[user.ID] = true, true
	if email != "" && (!taken || owner == "") {
		x.emails[email] = name
	}
}

// crossed refuses a name that is another user's address: what is written at a
// login would stand for two people, and only the address be looked up.
func (x *People) crossed(u *object, name, email string) {
	const on = ", and loginWithEmailAllowed is on"
	if owner, ok := x.emails[name]; ok && email != name && strings.Contains(name, "@") {
		u.fault("username", "the name "+name+" is the e-mail address of user "+owner+on)
	}
	if email != name && x.names[email] && strings.Contains(email, "@") {
		u.fault("email", "the address "+email+" is the name of another user"+on)
	}
}

// references follows Keycloak: a group or client that does not exist is a
// fault, a role that does not exist is made.
func (x *People) references(u *object, user *User) {
	for i, g := range user.Groups {
		if !strings.HasPrefix(g, "/") {
			g = "/" + g
			user.Groups[i] = g
		}
		if !x.groups[g] {
			u.fault("groups", "there is no group "+g)
		}
	}
	for _, name := range user.RealmRoles {
		if !x.realmRoles[name] {
			x.realmRoles[name] = true
			x.realm.Roles = append(x.realm.Roles, iam.Role{Name: name})
			u.warnOf("realmRoles", name, "the realm has no such role: it is made, as Keycloak does")
		}
	}
	for client, names := range user.ClientRoles {
		known, ok := x.clientRoles[client]
		if !ok {
			u.fault("clientRoles", "there is no client "+client)
			continue
		}
		for _, name := range names {
			if !known[name] {
				known[name] = true
				if x.realm.ClientRoles == nil {
					x.realm.ClientRoles = map[string][]iam.Role{}
				}
				x.realm.ClientRoles[client] = append(x.realm.ClientRoles[client], iam.Role{Name: name})
				u.warnOf("clientRoles", name, "the client "+client+" has no such role: it is made, as Keycloak does")
			}
		}
	}
}

// Members makes the members of VideoManagers, user names, canonical, and blames
// those that are nobody's or there twice. among, unless it is nil, says whose
// names are looked at.
func (x *People) Members(d *Draft, among func(name string) bool) Faults {
	var out Faults
	for i := range d.VideoManagers {
		list, seen := d.VideoManagers[i].Members, map[string]bool{}
		for j, name := range list {
			name = iam.CanonicalName(name)
			list[j] = name
			if among != nil && !among(name) {
				continue
			}
			fault := d.memberAt[i]
			switch {
			case !x.names[name]:
				fault.Text = "there is no user " + name
			case seen[name]:
				fault.Text = "the user " + name + " is there twice"
			}
			if fault.Text != "" {
				out = append(out, fault)
			}
			seen[name] = true
		}
	}
	return out
}
