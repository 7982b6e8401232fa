package realmfile

import (
	"encoding/json"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// roles reads realm and client roles, and makes sure of the default role.
func roles(o *object, d *Draft) {
	r := &d.Realm
	if all, ok := o.child("roles"); ok {
		r.Roles = roleList(all.list("realm"), "roles/realm/", r)
		all.lists("client", func(client string, list []*object) {
			if r.ClientRoles == nil {
				r.ClientRoles = map[string][]iam.Role{}
			}
			r.ClientRoles[client] = roleList(list, "roles/client/"+client+"/", r)
		})
		r.Kept = keep(r.Kept, "roles", all.rest(nil))
	}
	if !HasRoom(RolesIn(r)) {
		o.fault("roles", Crowded("roles", RolesIn(r)))
	}
	stated := len(r.Roles)
	defaultRole(o, r)
	d.madeRoles = len(r.Roles) - stated
}

func roleList(list []*object, path string, r *iam.Realm) []iam.Role {
	seen := map[string]bool{}
	var out []iam.Role
	for _, o := range list {
		role := iam.Role{ID: identifier(o, "id"), Name: o.str("name", ""), Description: o.str("description", "")}
		switch {
		case role.Name == "":
			o.fault("name", "a role needs a name")
		case seen[role.Name]:
			o.fault("name", "the role "+role.Name+" is there twice")
		}
		seen[role.Name] = true
		o.boolean("composite", false)
		o.boolean("clientRole", false)
		o.str("containerId", "")
		if c, ok := o.child("composites"); ok {
			role.Realm = c.texts("realm")
			role.Client = c.textsMap("client")
			r.Kept = keep(r.Kept, path+role.Name+"/composites", c.rest(words("application")))
		}
		r.Kept = keep(r.Kept, path+role.Name, o.rest(knownRole))
		out = append(out, role)
	}
	return out
}

// defaultRole names the composite every user has. Where the file has none, it
// is made as Keycloak makes it.
func defaultRole(o *object, r *iam.Realm) {
	r.DefaultRole = "default-roles-" + strings.ToLower(r.Name)
	if c, ok := o.child("defaultRole"); ok {
		r.DefaultRole = c.str("name", r.DefaultRole)
		c.used = words("id name description composite clientRole containerId composites")
		r.Kept = keep(r.Kept, "defaultRole", c.rest(knownRole))
	}
	ensureDefaultRole(r)
}

// ensureDefaultRole adds the default role, and Keycloak's two roles in it,
// unless the realm has it.
func ensureDefaultRole(r *iam.Realm) {
	if iam.HasRole(r.Roles, r.DefaultRole) {
		return
	}
	composite := iam.Role{Name: r.DefaultRole, Description: "${role_default-roles}"}
	for _, name := range []string{"offline_access", "uma_authorization"} {
		if !iam.HasRole(r.Roles, name) {
			r.Roles = append(r.Roles, iam.Role{Name: name, Description: "${role_" + name + "}"})
		}
		composite.Realm = append(composite.Realm, name)
	}
	r.Roles = append(r.Roles, composite)
}

// groups flattens the tree of groups into paths.
func groups(o *object, d *Draft) {
	seen := map[string]bool{}
	var walk func(list []*object, parent string)
	walk = func(list []*object, parent string) {
		for _, g := range list {
			group := iam.Group{
				ID: identifier(g, "id"), Name: g.str("name", ""),
				RealmRoles: g.texts("realmRoles"), ClientRoles: g.textsMap("clientRoles"), Attributes: g.textsMap("attributes"),
			}
			group.Path = parent + "/" + group.Name
			switch {
			case group.Name == "":
				g.fault("name", "a group needs a name")
			case seen[group.Path]:
				g.fault("name", "the group "+group.Path+" is there twice")
			}
			seen[group.Path] = true
			for _, name := range []string{"path", "parentId", "subGroupCount"} {
				g.used[name] = true // the tree says them
			}
			d.Realm.Groups = append(d.Realm.Groups, group)
			walk(g.list("subGroups"), group.Path)
			d.Realm.Kept = keep(d.Realm.Kept, "groups"+group.Path, g.rest(knownGroup))
		}
	}
	walk(o.list("groups"), "")
	if n := len(d.Realm.Groups); !HasRoom(n) {
		o.fault("groups", Crowded("groups", n))
	}
	if list := o.texts("defaultGroups"); len(list) > 0 {
		o.warn("defaultGroups", "kept, but new users are not put into groups by this release")
		raw, err := json.Marshal(list)
		if err == nil { // a list of strings always marshals
			d.Realm.Kept = keep(d.Realm.Kept, "", map[string]json.RawMessage{"defaultGroups": raw})
		}
	}
}
