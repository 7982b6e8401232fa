package admin

import (
	"context"
	"maps"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// realmRun is what one import does in one realm. Next and clients are in clear;
// they are sealed when they are committed.
type realmRun struct {
	*importRun
	draft  *realmfile.Draft // nil: only users came
	stored *iam.Realm       // nil: the realm is new

	next     iam.Realm
	clients  []iam.Client // all of the realm's after the import
	added    []iam.Client
	changed  []iam.ClientChange // Next in clear
	keys     []iam.Key
	managers []vms.VideoManager // new ones
	members  []iam.MemberChange // of users who are stored
	// memberOf are the VideoManagers of users in the files, by name.
	memberOf map[string][]int64

	people *realmfile.People
	table  table
	batch  string
	buffer []iam.StagedUser
	staged bool

	differences []string
}

// maxDifferences bounds what is told of one realm.
const maxDifferences = 500

// begin decides about everything of a realm but its users.
func (run *importRun) begin(ctx context.Context, p *realmfile.Part, stored *iam.Realm, d *realmfile.Draft) (*realmRun, error) {
	rm := &realmRun{importRun: run, draft: d, stored: stored, table: table{}, batch: run.im.NewID(), memberOf: map[string][]int64{}}
	name := p.Realm()
	if d != nil {
		name = d.Realm.Name
	}
	run.realms[name] = rm
	run.order = append(run.order, name)
	var err error
	switch {
	case stored == nil:
		rm.create(p)
		rm.newManagers()
	case d == nil:
		rm.keep()
	default:
		rm.keep()
		rm.mergeObjects(p)
		err = rm.mergeManagers(ctx)
	}
	if err != nil {
		return nil, err
	}
	for _, line := range realmfile.DropAbsent(&rm.next) {
		p.Warn("roles", line)
	}
	rm.people = realmfile.NewPeople(&rm.next, rm.clients)
	return rm, nil
}

// create takes the file as it is, with what Keycloak adds where it is silent.
func (rm *realmRun) create(p *realmfile.Part) {
	d := rm.draft
	scopes := 0 // those of the file, not the built-in ones
	if d.States("clientScopes") {
		scopes = len(d.Realm.ClientScopes)
	}
	for _, w := range rm.im.complete(d) {
		rm.warn(d.Realm.Name, w)
	}
	rm.next = d.Realm
	rm.im.id(&rm.next.ID)
	if slices.ContainsFunc(rm.rows.Realms, func(r iam.Realm) bool { return r.ID == rm.next.ID }) {
		p.Fault("id", "this id is another realm's")
	}
	rm.clients = slices.Clone(d.Clients)
	for i := range rm.clients {
		c := &rm.clients[i]
		rm.im.id(&c.ID)
		c.RealmID = rm.next.ID
		rm.foreignID(p, c)
	}
	rm.added = rm.clients
	rm.count(kindRealm, 1)
	rm.count(kindRoles, realmfile.RolesIn(&d.Realm)-d.MadeRoles())
	rm.count(kindGroups, len(d.Realm.Groups))
	rm.count(kindScopes, scopes)
	rm.count(kindClients, len(d.Clients))
	rm.count(kindKeys, len(d.Keys))
}

// foreignID refuses a client id that is another realm's client's.
func (rm *realmRun) foreignID(p *realmfile.Part, c *iam.Client) {
	for _, other := range rm.rows.Clients {
		if other.ID == c.ID && (other.RealmID != rm.next.ID || other.ClientID != c.ClientID) {
			p.Fault("clients", "the id of the client "+c.ClientID+" is another client's")
		}
	}
}

func (rm *realmRun) count(kind string, n int) {
	for range n {
		rm.table.of(kind).add()
	}
}

// keep begins with what is stored, opened.
func (rm *realmRun) keep() {
	rm.next = cloneRealm(rm.stored)
	rm.next.Kept = rm.im.openKept(rm.stored.Kept, rm.stored.ID, rm.stored.ID)
	for _, c := range rm.rows.Clients {
		if c.RealmID == rm.stored.ID {
			rm.clients = append(rm.clients, rm.im.openClient(c))
		}
	}
}

// openClient is a stored client in clear.
func (im *Importer) openClient(c iam.Client) iam.Client {
	if plain, err := im.Sealer.Open(c.SealedSecret, c.RealmID, c.ID, PurposeClientSecret); err == nil {
		c.Secret = string(plain)
	}
	c.Kept = im.openKept(c.Kept, c.RealmID, c.ID)
	return c
}

// cloneRealm shares no list or map that a merge changes.
func cloneRealm(r *iam.Realm) iam.Realm {
	out := *r
	out.Roles, out.Groups = cloneRoles(r.Roles), slices.Clone(r.Groups)
	out.ClientScopes, out.Attributes = slices.Clone(r.ClientScopes), maps.Clone(r.Attributes)
	if r.ClientRoles != nil {
		out.ClientRoles = make(map[string][]iam.Role, len(r.ClientRoles))
		for client, list := range r.ClientRoles {
			out.ClientRoles[client] = cloneRoles(list)
		}
	}
	return out
}

func cloneRoles(list []iam.Role) []iam.Role {
	out := slices.Clone(list)
	for i := range out {
		out[i].Client = maps.Clone(out[i].Client)
	}
	return out
}
