package realmfile

import (
	"maps"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// DropAbsent takes out of composites the roles that do not exist, and says
// which: tokens would name them otherwise.
func DropAbsent(r *iam.Realm) []string {
	var lines []string
	absent := func(composite string) func(in []iam.Role, of string) func(string) bool {
		return func(in []iam.Role, of string) func(string) bool {
			return func(name string) bool {
				gone := !iam.HasRole(in, name)
				if gone {
					lines = append(lines, "the composite role "+composite+" names the role "+of+name+", which does not exist: passed over")
				}
				return gone
			}
		}
	}
	clean := func(list []iam.Role) []iam.Role {
		out := slices.Clone(list)
		for i := range out {
			role := &out[i]
			gone := absent(role.Name)
			role.Realm = without(role.Realm, gone(r.Roles, ""))
			for _, client := range slices.Sorted(maps.Keys(role.Client)) {
				role.Client[client] = without(role.Client[client], gone(r.ClientRoles[client], client+"."))
			}
		}
		return out
	}
	r.Roles = clean(r.Roles)
	for _, client := range slices.Sorted(maps.Keys(r.ClientRoles)) {
		r.ClientRoles[client] = clean(r.ClientRoles[client])
	}
	return lines
}

// without is a copy of list less what is gone; nil stays nil.
func without(list []string, gone func(string) bool) []string {
	if list == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(list), gone)
}
