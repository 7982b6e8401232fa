package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// mergeObjects adds what the realm lacks, and changes or names what differs.
// Ids stay as they are stored: other rows refer to them.
func (rm *realmRun) mergeObjects(p *realmfile.Part) {
	d := rm.draft
	if d.States("clientScopes") {
		for _, w := range rm.im.migrateScopes(d) {
			rm.warn(d.Realm.Name, w)
		}
	}
	rm.mergeRoles()
	rm.mergeGroups()
	rm.mergeScopes()
	rm.mergeClients(p)
	rm.mergeKeys(p)
	rm.mergeSettings()
}

// merging is how things of one kind are merged. want are those of the file.
type merging struct {
	kind, label string
	have, want  named
	add, change func(name string)
}

func (rm *realmRun) merge(m merging) {
	c := rm.table.of(m.kind)
	for _, name := range sortedKeys(m.want) {
		have, ok := m.have[name]
		if !ok {
			m.add(name)
			c.add()
			continue
		}
		df := &differ{}
		df.diff(fmt.Sprintf("%s[%q]", m.label, name), have, m.want[name])
		switch {
		case len(df.lines) == 0:
			c.skip(whySame, name)
		case rm.o.Overwrite:
			m.change(name)
			c.change()
		default:
			c.skip(whyDiffers, name)
			rm.tell(df.lines)
		}
	}
}

func (rm *realmRun) tell(lines []string) {
	for _, line := range lines {
		if len(rm.differences) < maxDifferences {
			rm.differences = append(rm.differences, rm.next.Name+": "+line)
		}
	}
}

// docOf is the comparable form of a thing, with what is kept for it elsewhere.
func docOf(v any, kept map[string]json.RawMessage) map[string]any {
	doc := object2map(v)
	delete(doc, "id")
	for _, name := range sortedKeys(kept) {
		doc["beyond "+name] = hidden(canonical(kept[name]))
	}
	return doc
}

// canonical is a JSON value with its members in order.
func canonical(raw json.RawMessage) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // as they are written
	var v any
	if dec.Decode(&v) != nil {
		return raw
	}
	return jsonOf(v)
}

func jsonOf(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil { // a row, or JSON a moment ago
		return nil
	}
	return raw
}

// withKept adds kept members to those of a thing.
func withKept(into, more map[string]json.RawMessage) map[string]json.RawMessage {
	if into == nil && len(more) > 0 {
		into = make(map[string]json.RawMessage, len(more))
	}
	maps.Copy(into, more)
	return into
}

// keptBelow are the kept members of one place, and those inside it.
func keptBelow(kept map[string]json.RawMessage, place string) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, raw := range kept {
		if name == place || strings.HasPrefix(name, place+"/") {
			out[name] = raw
		}
	}
	return out
}

// keptAt is keptBelow without what is inside: groups contain groups.
func keptAt(kept map[string]json.RawMessage, place string) map[string]json.RawMessage {
	if raw, ok := kept[place]; ok {
		return map[string]json.RawMessage{place: raw}
	}
	return nil
}

// takeKept replaces what is kept for one thing.
func (rm *realmRun) takeKept(at func(map[string]json.RawMessage, string) map[string]json.RawMessage, place string) {
	for name := range at(rm.next.Kept, place) {
		delete(rm.next.Kept, name)
	}
	rm.next.Kept = withKept(rm.next.Kept, at(rm.draft.Realm.Kept, place))
}

// listed is one list of things of the realm that are told apart by name.
type listed[T any] struct {
	kind, label string
	file        []T
	list        *[]T
	name        func(*T) string
	id          func(*T) *string
	place       func(name string) string // where more of it is kept
	at          func(map[string]json.RawMessage, string) map[string]json.RawMessage
}

func mergeList[T any](rm *realmRun, l listed[T]) {
	docs := func(list []T, kept map[string]json.RawMessage) named {
		out := named{}
		for i := range list {
			name := l.name(&list[i])
			out[name] = docOf(list[i], l.at(kept, l.place(name)))
		}
		return out
	}
	find := func(list []T, name string) *T {
		i := slices.IndexFunc(list, func(t T) bool { return l.name(&t) == name })
		return &list[i]
	}
	rm.merge(merging{
		kind: l.kind, label: l.label, have: docs(*l.list, rm.next.Kept), want: docs(l.file, rm.draft.Realm.Kept),
		add: func(name string) {
			*l.list = append(*l.list, *find(l.file, name))
			rm.takeKept(l.at, l.place(name))
		},
		change: func(name string) {
			to, from := find(*l.list, name), *find(l.file, name)
			*l.id(&from) = *l.id(to)
			*to = from
			rm.takeKept(l.at, l.place(name))
		},
	})
}

func (rm *realmRun) mergeRoles() {
	roles := func(label, place string, file []iam.Role, list *[]iam.Role) {
		mergeList(rm, listed[iam.Role]{
			kind: kindRoles, label: label, file: file, list: list, at: keptBelow,
			name:  func(r *iam.Role) string { return r.Name },
			id:    func(r *iam.Role) *string { return &r.ID },
			place: func(name string) string { return place + name },
		})
	}
	file := &rm.draft.Realm
	stated := len(file.Roles) - rm.draft.MadeRoles()
	roles("roles", "roles/realm/", file.Roles[:stated], &rm.next.Roles)
	for _, role := range file.Roles[stated:] {
		if !iam.HasRole(rm.next.Roles, role.Name) {
			rm.next.Roles = append(rm.next.Roles, role)
		}
	}
	for _, client := range sortedKeys(file.ClientRoles) {
		if rm.next.ClientRoles == nil {
			rm.next.ClientRoles = map[string][]iam.Role{}
		}
		list := rm.next.ClientRoles[client]
		roles(fmt.Sprintf("clientRoles[%q]", client), "roles/client/"+client+"/", file.ClientRoles[client], &list)
		rm.next.ClientRoles[client] = list
	}
}

func (rm *realmRun) mergeGroups() {
	mergeList(rm, listed[iam.Group]{
		kind: kindGroups, label: "groups", file: rm.draft.Realm.Groups, list: &rm.next.Groups, at: keptAt,
		name:  func(g *iam.Group) string { return g.Path },
		id:    func(g *iam.Group) *string { return &g.ID },
		place: func(path string) string { return "groups" + path },
	})
}

func (rm *realmRun) mergeScopes() {
	mergeList(rm, listed[iam.ClientScope]{
		kind: kindScopes, label: "clientScopes", file: rm.draft.Realm.ClientScopes, list: &rm.next.ClientScopes, at: keptBelow,
		name:  func(s *iam.ClientScope) string { return s.Name },
		id:    func(s *iam.ClientScope) *string { return &s.ID },
		place: func(name string) string { return "clientScopes/" + name },
	})
}
