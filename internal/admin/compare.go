package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// compare names what the file says differently from what is stored. What the
// file is silent about, and what the store has beyond it, is no difference.
func (im *Importer) compare(ctx context.Context, rows iam.ConfigRows, stored *iam.Realm, d *realmfile.Draft) (Outcome, error) {
	out := Outcome{Realm: d.Realm.Name, Users: len(d.Users), Notes: im.complete(d)}
	users, err := im.usersByName(ctx, stored.ID)
	if err != nil {
		return out, err
	}
	managers, err := im.Store.VideoManagers(ctx, stored.ID)
	if err != nil {
		return out, err
	}
	have := im.storedDoc(rows, stored, users, managers)
	want := draftDoc(d)
	df := &differ{}
	df.diff("", have, want)
	out.Differences = df.lines
	for i := range d.Users {
		im.comparePassword(&d.Users[i], users, &out)
	}
	for i, line := range out.Differences {
		out.Differences[i] = d.Realm.Name + ": " + line
	}
	return out, nil
}

func (im *Importer) usersByName(ctx context.Context, realmID string) (map[string]iam.User, error) {
	out := map[string]iam.User{}
	for after := ""; ; {
		page, err := im.Store.Users(ctx, realmID, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, u := range page {
			out[u.Username] = u
		}
		if len(page) == 0 {
			return out, nil
		}
		after = page[len(page)-1].ID
	}
}

// comparePassword compares hashes; a plain password is left for later. A hash
// that a login has strengthened meanwhile is no difference.
func (im *Importer) comparePassword(u *realmfile.User, users map[string]iam.User, out *Outcome) {
	stored, ok := users[u.Username]
	if !ok {
		return // named already
	}
	switch {
	case u.Plain == nil && u.Password == nil:
	case stored.Password == nil:
		out.Differences = append(out.Differences, fmt.Sprintf("users[%q]: the file has a password, stored is none", u.Username))
	case u.Plain != nil:
		out.Unchecked = append(out.Unchecked, PasswordCheck{Username: u.Username, Enabled: stored.Enabled, Stored: *stored.Password, Plain: *u.Plain})
	case stored.Password.SecretData == u.Password.SecretData && stored.Password.CredentialData == u.Password.CredentialData:
	case im.Hasher.NeedsRehash(u.Password.SecretData, u.Password.CredentialData) &&
		!im.Hasher.NeedsRehash(stored.Password.SecretData, stored.Password.CredentialData):
	default:
		out.Differences = append(out.Differences, fmt.Sprintf("users[%q]: the password differs", u.Username))
	}
}

// named is a set of things that are told apart by name.
type named map[string]any

// hidden is a value that is compared and never shown.
type hidden string

// storedDoc is the comparable form of what is stored, opened.
func (im *Importer) storedDoc(rows iam.ConfigRows, r *iam.Realm, users map[string]iam.User, managers []vms.Membership) map[string]any {
	realm := *r
	realm.Kept = im.openKept(r.Kept, r.ID, r.ID)
	var clients []iam.Client
	for _, c := range rows.Clients {
		if c.RealmID == r.ID {
			clients = append(clients, im.openClient(c))
		}
	}
	keys := named{}
	for _, k := range keysOf(rows, r.ID) {
		keys[k.KID] = string(k.Status)
	}
	people, names := named{}, map[string]string{}
	for name, u := range users {
		names[u.ID] = name
		people[name] = userDoc(im.openUser(u))
	}
	byName := make([]vms.Membership, len(managers))
	for i, m := range managers {
		byName[i] = vms.Membership{VideoManager: m.VideoManager}
		for _, id := range m.Members {
			byName[i].Members = append(byName[i].Members, names[id])
		}
	}
	doc := realmDoc(asExported(realm, clients))
	doc["keys"], doc["users"], doc["videoManagers"] = keys, people, managersDoc(byName)
	return doc
}

// draftDoc is the comparable form of what the file says.
func draftDoc(d *realmfile.Draft) map[string]any {
	doc := realmDoc(asExported(d.Realm, d.Clients))
	people := named{}
	for _, u := range d.Users {
		people[u.Username] = userDoc(u.User)
	}
	doc["users"] = people
	keys := named{}
	for _, k := range d.Keys {
		if k.KID != "" {
			keys[k.KID] = string(k.Status)
		}
	}
	doc["keys"] = keys
	if d.VideoManagers != nil {
		doc["videoManagers"] = managersDoc(d.VideoManagers)
	} else {
		doc["videoManagers"] = named{}
	}
	return doc
}

// asExported gives a realm and its clients the attributes that an export of them
// has: what an operator made says its own settings in its row alone, and a file
// says them as attributes.
func asExported(r iam.Realm, clients []iam.Client) (iam.Realm, []iam.Client) {
	r.Attributes = realmfile.RealmAttributes(&r)
	clients = slices.Clone(clients)
	for i := range clients {
		clients[i].Attributes = realmfile.ClientAttributes(&clients[i])
	}
	return r, clients
}

func realmDoc(r iam.Realm, clients []iam.Client) map[string]any {
	roles, clientRoles, groups, scopes, apps := named{}, named{}, named{}, named{}, named{}
	for _, x := range r.Roles {
		roles[x.Name] = object2map(x)
	}
	for client, list := range r.ClientRoles {
		set := named{}
		for _, x := range list {
			set[x.Name] = object2map(x)
		}
		clientRoles[client] = set
	}
	for _, x := range r.Groups {
		groups[x.Path] = object2map(x)
	}
	for _, x := range r.ClientScopes {
		scopes[x.Name] = object2map(x)
	}
	for _, c := range clients {
		m := object2map(c)
		delete(m, "sealedSecret")
		if c.Secret != "" {
			m["secret"] = hidden(c.Secret)
		}
		apps[c.ClientID] = asInFile(m, clientNames)
	}
	r.Roles, r.ClientRoles, r.Groups, r.ClientScopes = nil, nil, nil, nil
	doc := realmAsInFile(object2map(r))
	doc["roles"], doc["clientRoles"], doc["groups"], doc["clientScopes"], doc["clients"] = roles, clientRoles, groups, scopes, apps
	return doc
}

func userDoc(u iam.User) map[string]any {
	other := make([]any, len(u.Other))
	for i, c := range u.Other {
		other[i] = hidden(c.Type + "\x00" + c.SecretData + "\x00" + c.CredentialData)
	}
	u.Other = nil
	m := object2map(u)
	if len(other) > 0 {
		m["other"] = other
	}
	return m
}

func managersDoc(list []vms.Membership) named {
	out := named{}
	for _, m := range list {
		members := append([]string(nil), m.Members...)
		sort.Strings(members)
		doc := object2map(m.VideoManager)
		doc["members"] = object2any(members)
		out[strconv.FormatInt(m.VideoManager.ID, 10)] = doc
	}
	return out
}

// object2map is the JSON form of a row; kept members are not shown.
func object2map(v any) map[string]any {
	m, ok := object2any(v).(map[string]any)
	if !ok {
		return map[string]any{}
	}
	if kept, ok := m["kept"].(map[string]any); ok {
		for name, value := range kept {
			raw, _ := json.Marshal(value) // was JSON a moment ago
			kept[name] = hidden(raw)
		}
	}
	return m
}

func object2any(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

func (im *Importer) openKept(kept map[string]json.RawMessage, realmID, id string) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(kept))
	for name, raw := range kept {
		var sealed struct {
			Sealed []byte `json:"sealed"`
		}
		if realmfile.MayHoldSecret(name) && json.Unmarshal(raw, &sealed) == nil {
			if plain, err := im.Sealer.Open(sealed.Sealed, realmID, id, PurposeKept); err == nil {
				raw = plain
			}
		}
		out[name] = raw
	}
	return out
}

// differ walks two documents and names the places where the file differs.
type differ struct{ lines []string }

func (df *differ) diff(path string, have, want any) {
	if nothing(have) && nothing(want) || reflect.DeepEqual(have, want) {
		return
	}
	switch w := want.(type) {
	case named:
		h, _ := have.(named)
		for _, name := range sortedKeys(w) {
			at := fmt.Sprintf("%s[%q]", path, name)
			if _, ok := h[name]; !ok {
				df.lines = append(df.lines, at+": is not stored")
				continue
			}
			df.diff(at, h[name], w[name])
		}
		return
	case map[string]any:
		if h, ok := have.(map[string]any); ok {
			df.members(path, h, w)
			return
		}
	}
	df.lines = append(df.lines, path+": "+shown(have, want))
}

func (df *differ) members(path string, have, want map[string]any) {
	all := map[string]any{}
	for k := range have {
		all[k] = nil
	}
	for k := range want {
		all[k] = nil
	}
	for _, name := range sortedKeys(all) {
		if made(name) && nothing(want[name]) {
			continue
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		df.diff(at, have[name], want[name])
	}
}

// made says which members the importer fills in where the file is silent.
func made(name string) bool {
	return name == "id" || name == "uuid" || name == "createdAt" || name == "secret"
}

func nothing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case bool:
		return !x
	case float64:
		return x == 0
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	case named:
		return len(x) == 0
	}
	return false
}

// shown gives both values of scalars and lists, none of anything secret.
func shown(have, want any) string {
	if isHidden(have) || isHidden(want) {
		return "differs"
	}
	if have == nil {
		have = zero(want)
	}
	if want == nil {
		want = zero(have)
	}
	h, err1 := json.Marshal(have)
	w, err2 := json.Marshal(want)
	if err1 != nil || err2 != nil || len(h)+len(w) > 200 {
		return "differs"
	}
	return fmt.Sprintf("stored %s, file %s", h, w)
}

func isHidden(v any) bool {
	if list, ok := v.([]any); ok {
		return len(list) > 0 && isHidden(list[0])
	}
	_, ok := v.(hidden)
	return ok
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
