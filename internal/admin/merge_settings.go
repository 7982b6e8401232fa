package admin

import (
	"cmp"
	"encoding/json"
	"maps"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// mergeSettings merges what the realm itself says: the members the file states,
// attribute by attribute, and what is kept of it.
func (rm *realmRun) mergeSettings() {
	d := rm.draft
	file := d.Realm
	file.Attributes = maps.Clone(rm.next.Attributes)
	if file.Attributes == nil {
		file.Attributes = map[string]string{}
	}
	maps.Copy(file.Attributes, d.Realm.Attributes)
	file.Kept = maps.Clone(rm.next.Kept)
	if file.Kept == nil {
		file.Kept = map[string]json.RawMessage{}
	}
	for name, raw := range realmfile.Unmask(d.Realm.Kept, rm.next.Kept) {
		if !realmfile.OfObject(name) {
			file.Kept[name] = raw
		}
	}
	next := rm.withStated(file)
	df := &differ{}
	df.diff("", realmDoc(asExported(settingsOf(rm.next), nil)), realmDoc(asExported(settingsOf(next), nil)))
	c := rm.table.of(kindRealm)
	switch {
	case len(df.lines) == 0:
		c.skip(whySame, rm.next.Name)
	case rm.o.Overwrite:
		rm.next = next
		c.change()
	default:
		c.skip(whyDiffers, rm.next.Name)
		rm.tell(df.lines)
	}
}

// settingsOf is a realm without the things that are merged by themselves.
func settingsOf(r iam.Realm) iam.Realm {
	r.Roles, r.ClientRoles, r.Groups, r.ClientScopes = nil, nil, nil, nil
	return r
}

// withStated is the realm with every member that the file states as the file
// has it.
func (rm *realmRun) withStated(file iam.Realm) iam.Realm {
	have, want := rowOf(settingsOf(rm.next)), rowOf(settingsOf(file))
	take := func(have, want map[string]any, names map[string]string) {
		all := maps.Clone(have)
		maps.Copy(all, want)
		for member := range all {
			if rm.draft.States(cmp.Or(names[member], member)) {
				if v, ok := want[member]; ok {
					have[member] = v
				} else {
					delete(have, member)
				}
			}
		}
	}
	times, ok := have["lifetimes"].(map[string]any)
	fileTimes, fileOK := want["lifetimes"].(map[string]any)
	take(have, want, realmNames)
	if ok && fileOK {
		take(times, fileTimes, lifetimeNames)
		have["lifetimes"] = times
	}
	raw, err := json.Marshal(have)
	next := iam.Realm{}
	if err == nil {
		err = json.Unmarshal(raw, &next)
	}
	if err != nil { // cannot be: it was a row a moment ago
		return rm.next
	}
	next.Roles, next.ClientRoles, next.Groups, next.ClientScopes = rm.next.Roles, rm.next.ClientRoles, rm.next.Groups, rm.next.ClientScopes
	next.Attributes, next.Kept = file.Attributes, file.Kept
	if len(next.Attributes) == 0 {
		next.Attributes = rm.next.Attributes
	}
	return next
}

// rowOf is the JSON form of a realm, but for what is merged entry by entry.
func rowOf(r iam.Realm) map[string]any {
	r.Attributes, r.Kept = nil, nil
	m, ok := object2any(r).(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return m
}
