package admin

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// ownSettings are the members of a realm's row that a file sets by attributes.
var ownSettings = map[string]string{
	"rotationWindow": "usher.rotation.window", "rejectAhead": "usher.reject.ahead",
	"noVerifiedPasswordCache": "usher.verified.password.cache", "tokenTypeCapital": "usher.token.type.capital",
	"wrongPasswordIs400": "usher.wrong.password.400", "noSessionStateClaim": "usher.session.state.claim",
	"noVideoAudience": "usher.video.audience",
}

// states says whether the file speaks of a member of the realm, as the file
// names it: where it is silent, what is stored is no difference.
func (d *Draft) states(name string) bool {
	switch name {
	case "id", "realm":
		return false // the realm is the one of that name
	case "guessing":
		return d.stated["bruteForceProtected"] || d.stated["attributes.usher.guessing"]
	case "ssoSessionMaxLifespan":
		return d.stated[name] || d.stated["attributes.usher.session.max.none"]
	}
	if attribute, ok := ownSettings[name]; ok {
		return d.stated["attributes."+attribute]
	}
	return d.stated[name]
}

// objectPlaces are where more is kept of things that are merged by themselves.
var objectPlaces = []string{"roles/realm/", "roles/client/", "groups/", "clientScopes/", "videoManagers/", "keys/"}

func ofObject(place string) bool {
	for _, prefix := range objectPlaces {
		if strings.HasPrefix(place, prefix) {
			return true
		}
	}
	return false
}

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
	for name, raw := range unmaskKept(d.Realm.Kept, rm.next.Kept) {
		if !ofObject(name) {
			file.Kept[name] = raw
		}
	}
	next := rm.withStated(file)
	df := &differ{}
	df.diff("", realmDoc(settingsOf(rm.next), nil), realmDoc(settingsOf(next), nil))
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
			if rm.draft.states(orElse(names[member], member)) {
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

// unmaskKept puts the stored values where a file has masked ones.
func unmaskKept(file, stored map[string]json.RawMessage) map[string]json.RawMessage {
	out := maps.Clone(file)
	for name, raw := range out {
		if was, ok := stored[name]; ok && strings.Contains(string(raw), masked) {
			out[name] = unmask(raw, was)
		}
	}
	return out
}

// unmask replaces each masked text of a JSON value by what stands at its place
// in another one.
func unmask(raw, stored json.RawMessage) json.RawMessage {
	into, ok := decoded(raw)
	from, known := decoded(stored)
	if !ok || !known {
		return raw
	}
	out, err := json.Marshal(unmaskValue(into, from))
	if err != nil {
		return raw
	}
	return out
}

// decoded keeps numbers as they are written.
func decoded(raw json.RawMessage) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(&v)
	return v, err == nil
}

func unmaskValue(into, from any) any {
	switch v := into.(type) {
	case string:
		if s, ok := from.(string); ok && v == masked {
			return s
		}
	case []any:
		if list, ok := from.([]any); ok {
			for i := range min(len(v), len(list)) {
				v[i] = unmaskValue(v[i], list[i])
			}
		}
	case map[string]any:
		if m, ok := from.(map[string]any); ok {
			for name := range v {
				v[name] = unmaskValue(v[name], m[name])
			}
		}
	}
	return into
}
