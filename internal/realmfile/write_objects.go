package realmfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func (x *Writer) roles() map[string]any {
	r := &x.Realm
	clients := map[string]any{}
	for client, list := range r.ClientRoles {
		container := client
		for _, c := range x.Clients {
			if c.ClientID == client {
				container = c.ID
			}
		}
		clients[client] = x.roleList(list, "roles/client/"+client+"/", true, container)
	}
	out := map[string]any{"realm": x.roleList(r.Roles, "roles/realm/", false, r.ID), "client": clients}
	addKept(out, r.Kept["roles"])
	return out
}

func (x *Writer) roleList(list []iam.Role, place string, client bool, container string) []any {
	out := []any{}
	for _, role := range list {
		one := map[string]any{
			"name": role.Name, "composite": len(role.Realm)+len(role.Client) > 0, "clientRole": client, "containerId": container,
		}
		text(one, "id", role.ID)
		text(one, "description", role.Description)
		composites := map[string]any{}
		if len(role.Realm) > 0 {
			composites["realm"] = role.Realm
		}
		if len(role.Client) > 0 {
			composites["client"] = role.Client
		}
		addKept(composites, x.Realm.Kept[place+role.Name+"/composites"])
		if len(composites) > 0 {
			one["composites"] = composites
		}
		addKept(one, x.Realm.Kept[place+role.Name])
		out = append(out, one)
	}
	return out
}

// defaultRole repeats the role as Keycloak does.
func (x *Writer) defaultRole() map[string]any {
	r := &x.Realm
	out := map[string]any{"name": r.DefaultRole, "composite": true, "clientRole": false, "containerId": r.ID}
	for _, role := range r.Roles {
		if role.Name == r.DefaultRole {
			text(out, "id", role.ID)
			text(out, "description", role.Description)
		}
	}
	addKept(out, r.Kept["defaultRole"])
	return out
}

// groups is the tree of the groups, which are stored as paths.
func (x *Writer) groups() []any {
	top := []any{}
	nodes := map[string]map[string]any{}
	var order []string
	for _, g := range x.Realm.Groups {
		one := map[string]any{"name": g.Name, "path": g.Path}
		text(one, "id", g.ID)
		if len(g.Attributes) > 0 {
			one["attributes"] = g.Attributes
		}
		if len(g.RealmRoles) > 0 {
			one["realmRoles"] = g.RealmRoles
		}
		if len(g.ClientRoles) > 0 {
			one["clientRoles"] = g.ClientRoles
		}
		addKept(one, x.Realm.Kept["groups"+g.Path])
		nodes[g.Path] = one
		order = append(order, g.Path)
	}
	children := map[string][]any{}
	for i := len(order) - 1; i >= 0; i-- { // from the leaves, so that a parent's list is whole
		path := order[i]
		one := nodes[path]
		name, _ := one["name"].(string)
		parent := strings.TrimSuffix(path, "/"+name)
		one["subGroups"], one["subGroupCount"] = append([]any{}, children[path]...), len(children[path])
		if nodes[parent] == nil {
			top = append([]any{one}, top...)
			continue
		}
		if id := nodes[parent]["id"]; id != nil {
			one["parentId"] = id
		}
		children[parent] = append([]any{one}, children[parent]...)
	}
	return top
}

// clientScopes writes the client scopes, and those of other protocols as they
// were kept.
func (x *Writer) clientScopes() []any {
	out := []any{}
	kept := maps.Clone(x.Realm.Kept)
	for _, s := range x.Realm.ClientScopes {
		place := "clientScopes/" + s.Name
		one := map[string]any{"name": s.Name, "protocol": openIDConnect}
		text(one, "id", s.ID)
		addKept(one, kept[place])
		delete(kept, place)
		exportTokenScope(one, s.InTokenScope)
		one["protocolMappers"] = x.mappers(s.Mappers, openIDConnect, place+"/", kept)
		out = append(out, one)
	}
	for _, place := range slices.Sorted(maps.Keys(kept)) {
		if strings.HasPrefix(place, "clientScopes/") && !strings.Contains(place, "/protocolMappers/") {
			out = append(out, kept[place])
		}
	}
	return out
}

const openIDConnect = "openid-connect"

// exportTokenScope puts include.in.token.scope among the attributes.
func exportTokenScope(one map[string]any, on bool) {
	attributes := map[string]string{}
	if raw, ok := one["attributes"].(json.RawMessage); ok && json.Unmarshal(raw, &attributes) != nil {
		return
	}
	attributes[inTokenScope] = strconv.FormatBool(on)
	one["attributes"] = attributes
}

func (x *Writer) mappers(list []iam.Mapper, protocol, place string, kept map[string]json.RawMessage) []any {
	out := []any{}
	for _, m := range list {
		one := map[string]any{"name": m.Name, "protocol": protocol, "protocolMapper": m.Kind}
		if m.Config != nil {
			one["config"] = m.Config
		}
		addKept(one, kept[place+"protocolMappers/"+m.Name])
		if _, ok := one["consentRequired"]; !ok {
			one["consentRequired"] = false
		}
		out = append(out, one)
	}
	return out
}
