package token

import (
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// roleKey names a role: client is a clientId, "" for realm roles.
type roleKey struct{ client, name string }

// linearRoles is how many roles a set holds before it keeps an index.
const linearRoles = 24

// roleSet is a set of roles in the order they were found.
type roleSet struct {
	list []roleKey
	many map[roleKey]struct{}
}

func (s *roleSet) has(k roleKey) bool {
	if s.many != nil {
		_, ok := s.many[k]
		return ok
	}
	return slices.Contains(s.list, k)
}

func (s *roleSet) add(k roleKey) {
	if s.has(k) {
		return
	}
	s.list = append(s.list, k)
	switch {
	case s.many != nil:
		s.many[k] = struct{}{}
	case len(s.list) > linearRoles:
		s.many = make(map[roleKey]struct{}, 4*linearRoles)
		for _, r := range s.list {
			s.many[r] = struct{}{}
		}
	}
}

func (s *roleSet) addAll(realm []string, clients map[string][]string) {
	for _, name := range realm {
		s.add(roleKey{name: name})
	}
	for _, client := range sortedKeys(clients) {
		for _, name := range clients[client] {
			s.add(roleKey{client, name})
		}
	}
}

// sortedKeys gives maps one order, so that equal users get equal tokens.
func sortedKeys(m map[string][]string) []string {
	switch len(m) {
	case 0:
		return nil
	case 1:
		for k := range m {
			return []string{k}
		}
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// expand adds what the composites in the set contain. A circle of composites
// ends, since a role is added once.
func (p *plan) expand(s *roleSet) {
	for i := 0; i < len(s.list); i++ {
		if role := p.roles[s.list[i]]; role != nil {
			s.addAll(role.Realm, role.Client)
		}
	}
}

// userRoles are all roles a user has: assigned, by default, by group, and by
// composites.
func (p *plan) userRoles(u *iam.User) []roleKey {
	room := make([]roleKey, 0, linearRoles)
	s := roleSet{list: room}
	s.addAll(u.RealmRoles, u.ClientRoles)
	if p.defaultRole != "" {
		s.add(roleKey{name: p.defaultRole})
	}
	for _, path := range u.Groups {
		for path != "" {
			if g := p.groups[path]; g != nil {
				s.addAll(g.RealmRoles, g.ClientRoles)
			}
			path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		}
	}
	p.expand(&s)
	return s.list
}

// scopedRoles are the user's roles that this client may see in its tokens.
func (p *plan) scopedRoles(u *iam.User, c *clientPlan) []roleKey {
	roles := p.userRoles(u)
	if c.visible == nil {
		return roles
	}
	return slices.DeleteFunc(roles, func(k roleKey) bool {
		return k.client != c.id && !c.visible.has(k)
	})
}
