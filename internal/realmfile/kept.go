package realmfile

import (
	"encoding/json"
	"strconv"
	"strings"
)

// What a file says and no row has room for is kept beside the rows, under the
// place of the thing it is said of: "roles/realm/NAME", "groups/PATH".

// objectPlaces are where more is kept of things that are merged by themselves.
var objectPlaces = []string{"roles/realm/", "roles/client/", "groups/", "clientScopes/", "videoManagers/", "keys/"}

// OfObject tells what is kept of a thing in the realm that is merged by itself
// from what is kept of the realm.
func OfObject(place string) bool {
	for _, prefix := range objectPlaces {
		if strings.HasPrefix(place, prefix) {
			return true
		}
	}
	return false
}

// KeyPlace is where the component of a key is kept, without the key.
func KeyPlace(kid string) string { return "keys/" + kid }

// ManagerPlace is where what a file says of a VideoManager beyond it is kept.
func ManagerPlace(id int64) string { return "videoManagers/" + strconv.FormatInt(id, 10) }

// MayHoldSecret says whether a kept member is sealed whole: those that are
// known to hold secrets, and everything unknown, since nobody can tell.
func MayHoldSecret(name string) bool { return !plainKept[name] }

// keep adds members under a path of their own, so that what belongs to a
// nested object without room for it survives beside the realm.
func keep(into map[string]json.RawMessage, path string, rest map[string]json.RawMessage) map[string]json.RawMessage {
	if len(rest) == 0 {
		return into
	}
	if into == nil {
		into = map[string]json.RawMessage{}
	}
	if path == "" {
		for k, v := range rest {
			into[k] = v
		}
		return into
	}
	raw, err := json.Marshal(rest)
	if err == nil { // raw messages of a parsed file always marshal
		into[path] = raw
	}
	return into
}

// addKept puts kept members beside those of a document that it lacks.
func addKept(doc map[string]any, raw json.RawMessage) {
	var kept map[string]json.RawMessage
	if json.Unmarshal(raw, &kept) != nil {
		return
	}
	for name, value := range kept {
		if _, ok := doc[name]; !ok {
			doc[name] = value
		}
	}
}

// topKept are the kept members of the realm itself.
func topKept(kept map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, raw := range kept {
		if !OfObject(name) && !strings.HasPrefix(name, "keyComponents/") && !strings.HasPrefix(name, "scopeMappings/") &&
			name != "roles" && name != "defaultRole" && name != "components" {
			out[name] = raw
		}
	}
	return out
}
