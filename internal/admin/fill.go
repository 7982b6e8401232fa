package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// complete applies what Keycloak does when a file is silent: built-in client
// scopes, scopes of clients, service account users. It changes only the draft.
func (im *Importer) complete(d *realmfile.Draft) []realmfile.Warning {
	r := &d.Realm
	var notes []realmfile.Warning
	if !d.States("clientScopes") {
		r.ClientScopes = im.Scopes.All
		if r.DefaultScopes == nil {
			r.DefaultScopes = im.Scopes.Default
		}
		if r.OptionalScopes == nil {
			r.OptionalScopes = im.Scopes.Optional
		}
		notes = dropUnknownScopes(d)
	} else {
		notes = im.migrateScopes(d)
	}
	for i := range d.Clients {
		c := &d.Clients[i]
		if c.DefaultScopes == nil {
			c.DefaultScopes = r.DefaultScopes
		}
		if c.OptionalScopes == nil {
			c.OptionalScopes = r.OptionalScopes
		}
		if c.ServiceAccounts && !hasServiceAccount(d, c.ClientID) {
			d.Users = append(d.Users, realmfile.User{User: iam.User{
				Username: "service-account-" + strings.ToLower(c.ClientID), Enabled: true, ServiceAccountOf: c.ClientID,
			}})
		}
	}
	return notes
}

// dropUnknownScopes passes over names that the built-in scopes do not have,
// when the file brings none of its own.
func dropUnknownScopes(d *realmfile.Draft) []realmfile.Warning {
	var notes []realmfile.Warning
	known := func(path string, list []string) []string {
		if list == nil {
			return nil
		}
		out := make([]string, 0, len(list))
		for _, name := range list {
			if iam.HasScope(d.Realm.ClientScopes, name) {
				out = append(out, name)
				continue
			}
			notes = append(notes, realmfile.Warning{Path: path, Count: 1, Line: 1, Reason: "there is no client scope " + name + ": passed over"})
		}
		return out
	}
	d.Realm.DefaultScopes = known("defaultDefaultClientScopes", d.Realm.DefaultScopes)
	d.Realm.OptionalScopes = known("defaultOptionalClientScopes", d.Realm.OptionalScopes)
	for i := range d.Clients {
		c := &d.Clients[i]
		c.DefaultScopes = known("clients["+c.ClientID+"].defaultClientScopes", c.DefaultScopes)
		c.OptionalScopes = known("clients["+c.ClientID+"].optionalClientScopes", c.OptionalScopes)
	}
	return notes
}

func hasServiceAccount(d *realmfile.Draft, clientID string) bool {
	return slices.ContainsFunc(d.Users, func(u realmfile.User) bool { return u.ServiceAccountOf == clientID })
}

// migrateScopes adds the scopes that newer Keycloak servers add to older
// realms when they start: without "basic" tokens would have no subject.
func (im *Importer) migrateScopes(d *realmfile.Draft) []realmfile.Warning {
	var notes []realmfile.Warning
	for _, s := range im.Scopes.All {
		if (s.Name != "basic" && s.Name != "acr") || iam.HasScope(d.Realm.ClientScopes, s.Name) {
			continue
		}
		d.Realm.ClientScopes = append(d.Realm.ClientScopes, s)
		d.Realm.DefaultScopes = append(slices.Clone(d.Realm.DefaultScopes), s.Name)
		for i := range d.Clients {
			if c := &d.Clients[i]; c.DefaultScopes != nil {
				c.DefaultScopes = append(slices.Clone(c.DefaultScopes), s.Name)
			}
		}
		notes = append(notes, realmfile.Warning{Path: "clientScopes", Count: 1, Line: 1,
			Reason: s.Name + " is missing: added for every client, as Keycloak's own migration does"})
	}
	return notes
}

// rows gives ids, makes keys and hashes, and seals what is secret. managers is
// the id of the first VideoManager made for a silent file.
func (im *Importer) rows(ctx context.Context, d *realmfile.Draft, managers int64) (iam.RealmImport, []vms.Membership, error) {
	r := &d.Realm
	im.id(&r.ID)
	var keys []iam.Key
	done := make(chan error, 1)
	go func() { // key generation is the slowest part: beside the hashes
		var err error
		keys, err = im.keys(d)
		done <- err
	}()
	hashErr := im.people(ctx, d)
	if err := errors.Join(<-done, hashErr); err != nil {
		return iam.RealmImport{}, nil, err
	}
	out := iam.RealmImport{Realm: *r, Clients: im.clients(d), Keys: keys}
	out.Realm.Kept = im.sealKept(r.Kept, r.ID, r.ID)
	for i := range out.Realm.Roles {
		im.id(&out.Realm.Roles[i].ID)
	}
	for _, u := range d.Users {
		out.Users = append(out.Users, u.User)
	}
	return out, im.members(d, managers), nil
}

func (im *Importer) id(field *string) {
	if *field == "" {
		*field = im.NewID()
	}
}

// keys opens the file's keys and makes the missing ones, each for an algorithm
// that something in the realm is to be signed with.
func (im *Importer) keys(d *realmfile.Draft) ([]iam.Key, error) {
	now := im.Now()
	var out []iam.Key
	active := map[string]bool{}
	for _, m := range d.Keys {
		k, err := im.Keys.Import(&d.Realm, m, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Place, err)
		}
		out = append(out, k)
		active[m.Algorithm] = active[m.Algorithm] || m.Status == iam.KeyActive
	}
	for _, alg := range d.Algorithms() {
		if active[alg] {
			continue
		}
		active[alg] = true
		k, err := im.Keys.Generate(&d.Realm, alg, now)
		if err != nil {
			return nil, fmt.Errorf("making a key for %s: %w", alg, err)
		}
		out = append(out, k)
	}
	return out, nil
}

// people gives users their ids and hashes, and seals their other credentials.
func (im *Importer) people(ctx context.Context, d *realmfile.Draft) error {
	now := im.Now().UnixMilli()
	for i := range d.Users {
		u := &d.Users[i]
		im.id(&u.ID)
		if u.CreatedAt == 0 {
			u.CreatedAt = now
		}
		u.User = im.sealUser(u.User, d.Realm.ID, nil)
	}
	return im.parallel(ctx, len(d.Users), func(i int) error { return im.hash(&d.Users[i]) })
}

// hash turns a plain password into the credential.
func (im *Importer) hash(u *realmfile.User) error {
	if u.Plain != nil {
		if text := secret.PasswordFault(*u.Plain); text != "" {
			return fmt.Errorf("user %s: %s", u.Username, text)
		}
		s, c, err := im.Hasher.Hash(*u.Plain)
		if err != nil {
			return fmt.Errorf("hashing the password of %s: %w", u.Username, err)
		}
		u.Password = &iam.Credential{Type: "password", SecretData: s, CredentialData: c}
	}
	if u.Password != nil {
		im.id(&u.Password.ID)
		if u.Password.CreatedAt == 0 {
			u.Password.CreatedAt = im.Now().UnixMilli()
		}
	}
	return nil
}

// parallel runs f for 0..n-1, at most Hashers at once.
func (im *Importer) parallel(ctx context.Context, n int, f func(i int) error) error {
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(max(1, im.Hashers))
	for i := range n {
		if running.Err() != nil {
			break
		}
		g.Go(func() error { return f(i) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (im *Importer) clients(d *realmfile.Draft) []iam.Client {
	out := slices.Clone(d.Clients)
	for i := range out {
		im.id(&out[i].ID)
		out[i].RealmID = d.Realm.ID
		out[i] = im.sealClient(out[i], nil)
	}
	return out
}

// sealKept seals the kept members that may hold secrets: they become
// {"sealed": base64}.
func (im *Importer) sealKept(kept map[string]json.RawMessage, realmID, id string) map[string]json.RawMessage {
	if len(kept) == 0 {
		return kept
	}
	out := make(map[string]json.RawMessage, len(kept))
	for name, raw := range kept {
		if realmfile.MayHoldSecret(name) && holdsText(raw) {
			raw, _ = json.Marshal(map[string][]byte{"sealed": im.Sealer.Seal(raw, realmID, id, PurposeKept)}) // bytes always marshal
		}
		out[name] = raw
	}
	return out
}

// holdsText says whether a JSON value holds any text or number; switches, nulls
// and empty lists are no secret.
func holdsText(raw json.RawMessage) bool {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"' && i+1 < len(raw) && raw[i+1] == '"':
			i++ // an empty text
		case c == '"' || c >= '0' && c <= '9':
			return true
		}
	}
	return false
}

// members turns user names into ids; where the file is silent three
// VideoManagers are made and every person is a member.
func (im *Importer) members(d *realmfile.Draft, first int64) []vms.Membership {
	list := d.VideoManagers
	ids := make(map[string]string, len(d.Users))
	var everybody []string
	for _, u := range d.Users {
		ids[u.Username] = u.ID
		if u.ServiceAccountOf == "" {
			everybody = append(everybody, u.Username)
		}
	}
	if list == nil {
		list = builtinVideoManagers(everybody, first)
	}
	out := make([]vms.Membership, len(list))
	for i, m := range list {
		out[i] = vms.Membership{VideoManager: m.VideoManager, Members: make([]string, 0, len(m.Members))}
		out[i].VideoManager.RealmID = d.Realm.ID
		im.id(&out[i].VideoManager.UUID)
		for _, name := range m.Members {
			out[i].Members = append(out[i].Members, ids[name])
		}
	}
	return out
}

// builtinVideoManagers are the three tenants of a realm whose file names none.
func builtinVideoManagers(members []string, first int64) []vms.Membership {
	names := []string{"Corporate Communications", "Training and Education", "Product Marketing"}
	out := make([]vms.Membership, len(names))
	for i, name := range names {
		out[i] = vms.Membership{
			VideoManager: vms.VideoManager{ID: first + int64(i), Name: name, Configuration: json.RawMessage("{}")},
			Members:      members,
		}
	}
	return out
}
