package admin

import (
	"encoding/json"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func users(o *object, d *Draft) {
	x := userIndex{names: map[string]bool{}, emails: map[string]bool{}, ids: map[string]bool{}, realm: &d.Realm,
		sameEmails: o.boolean("duplicateEmailsAllowed", false)}
	x.learn(d)
	if x.sameEmails {
		d.Realm.Kept = keep(d.Realm.Kept, "", map[string]json.RawMessage{"duplicateEmailsAllowed": json.RawMessage("true")})
		if d.Realm.LoginWithEmail {
			o.warn("duplicateEmailsAllowed", "with loginWithEmailAllowed an address of several users finds none of them")
		}
	}
	list := o.list("users")
	for _, u := range list {
		user := user(u)
		x.check(u, &user)
		d.Users = append(d.Users, user)
	}
	if d.Realm.LoginWithEmail {
		crossed(list, d.Users)
	}
}

// crossed refuses a name that is another user's address: what is written at a
// login would stand for two people, and only the address be looked up.
func crossed(list []*object, users []DraftUser) {
	owner := make(map[string]string, len(users))
	for i := range users {
		if u := &users[i]; strings.Contains(u.Email, "@") {
			owner[u.Email] = u.Username
		}
	}
	for i := range users {
		name := users[i].Username
		if other, ok := owner[name]; ok && other != name && users[i].Email != name {
			list[i].fault("username", "the name "+name+" is the e-mail address of user "+other+", and loginWithEmailAllowed is on")
		}
	}
}

// user converts one user.
func user(u *object) DraftUser {
	out := DraftUser{User: iam.User{
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

// userIndex finds what may be there only once, and what a user refers to.
type userIndex struct {
	names, emails, ids map[string]bool
	sameEmails         bool
	realm              *iam.Realm
	realmRoles, groups map[string]bool
	clientRoles        map[string]map[string]bool
}

func (x *userIndex) learn(d *Draft) {
	x.realmRoles, x.groups, x.clientRoles = map[string]bool{}, map[string]bool{}, map[string]map[string]bool{}
	for _, r := range d.Realm.Roles {
		x.realmRoles[r.Name] = true
	}
	for _, g := range d.Realm.Groups {
		x.groups[g.Path] = true
	}
	for _, c := range d.Clients {
		x.clientRoles[c.ClientID] = map[string]bool{}
	}
	for client, list := range d.Realm.ClientRoles {
		if x.clientRoles[client] == nil {
			x.clientRoles[client] = map[string]bool{}
		}
		for _, r := range list {
			x.clientRoles[client][r.Name] = true
		}
	}
}

func (x *userIndex) check(u *object, user *DraftUser) {
	switch {
	case user.Username == "":
		u.fault("username", "a user needs a username")
	case len(user.Username) > 255:
		u.fault("username", "longer than 255 bytes")
	case x.names[user.Username]:
		u.fault("username", "the user "+user.Username+" is there twice (upper and lower case count as one)")
	case user.ID != "" && x.ids[user.ID]:
		u.fault("id", "this id is there twice")
	case user.Email != "" && x.emails[user.Email] && !x.sameEmails:
		u.fault("email", "the address "+user.Email+" is there twice, and duplicateEmailsAllowed is off")
	case len(user.Email) > 255:
		u.fault("email", "longer than 255 bytes")
	}
	x.names[user.Username], x.ids[user.ID], x.emails[user.Email] = true, true, true
	x.references(u, user)
}

// references follows Keycloak: a group or client that does not exist is a
// fault, a role that does not exist is made.
func (x *userIndex) references(u *object, user *DraftUser) {
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
			u.warn("realmRoles", "the realm has no role "+name+": it is made, as Keycloak does")
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
				u.warn("clientRoles", "the client "+client+" has no role "+name+": it is made, as Keycloak does")
			}
		}
	}
}
