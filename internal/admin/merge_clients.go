package admin

import (
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// mergeClients adds and changes clients. A masked or absent secret leaves the
// stored one alone.
func (rm *realmRun) mergeClients(p *realmfile.Part) {
	file := slices.Clone(rm.draft.Clients)
	for i := range file {
		rm.fillClient(p, &file[i])
	}
	docs := func(list []iam.Client) named {
		out := named{}
		for _, c := range list {
			c.Attributes = realmfile.ClientAttributes(&c)
			doc := docOf(c, nil)
			delete(doc, "sealedSecret")
			if c.Secret != "" {
				doc["secret"] = hidden(c.Secret)
			}
			out[c.ClientID] = asInFile(doc, clientNames)
		}
		return out
	}
	find := func(list []iam.Client, clientID string) *iam.Client {
		i := slices.IndexFunc(list, func(c iam.Client) bool { return c.ClientID == clientID })
		return &list[i]
	}
	rm.merge(merging{
		kind: kindClients, label: "clients", have: docs(rm.clients), want: docs(file),
		add: func(clientID string) {
			c := *find(file, clientID)
			rm.im.id(&c.ID)
			c.RealmID = rm.next.ID
			rm.foreignID(p, &c)
			rm.clients = append(rm.clients, c)
			rm.added = append(rm.added, c)
		},
		change: func(clientID string) {
			to, from := find(rm.clients, clientID), *find(file, clientID)
			from.ID, from.RealmID, from.SealedSecret = to.ID, to.RealmID, to.SealedSecret
			if from.Secret == "" {
				from.Secret = to.Secret
			}
			*to = from
			rm.changed = append(rm.changed, iam.ClientChange{Prev: *rm.storedClient(to.ID), Next: from})
		},
	})
}

func (rm *realmRun) storedClient(id string) *iam.Client {
	i := slices.IndexFunc(rm.rows.Clients, func(c iam.Client) bool { return c.ID == id })
	return &rm.rows.Clients[i]
}

// fillClient gives a client of the file what Keycloak gives a new one, and
// passes over client scopes that the realm does not have.
func (rm *realmRun) fillClient(p *realmfile.Part, c *iam.Client) {
	for _, list := range []struct {
		scopes  *[]string
		absent  []string
		clients string
	}{{&c.DefaultScopes, rm.next.DefaultScopes, "default"}, {&c.OptionalScopes, rm.next.OptionalScopes, "optional"}} {
		if *list.scopes == nil {
			*list.scopes = list.absent
			continue
		}
		*list.scopes = slices.DeleteFunc(slices.Clone(*list.scopes), func(name string) bool {
			gone := !iam.HasScope(rm.next.ClientScopes, name) && name != iam.VideoAudience
			if gone {
				p.Warn("clients", "the client "+c.ClientID+" names the "+list.clients+" client scope "+name+", which does not exist: passed over")
			}
			return gone
		})
	}
	for i := range rm.clients {
		if stored := &rm.clients[i]; stored.ClientID == c.ClientID {
			c.Kept = realmfile.Unmask(c.Kept, stored.Kept)
		}
	}
}

// mergeKeys adds keys, so that what they signed stays good. Where the realm has
// a key that signs already, a new one only verifies: nobody could have known it
// before its first use.
func (rm *realmRun) mergeKeys(p *realmfile.Part) {
	c := rm.table.of(kindKeys)
	stored := keysOf(rm.rows, rm.next.ID)
	for _, m := range rm.draft.Keys {
		i := slices.IndexFunc(stored, func(k iam.Key) bool { return k.KID == m.KID })
		switch {
		case i < 0 && m.KID != "":
			rm.addKey(p, m, stored)
			c.add()
		case i < 0:
			c.skip("a key without a kid", m.Place)
		case stored[i].Status != m.Status:
			c.skip(whyKeyStatus, m.KID)
		default:
			c.skip(whySame, m.KID)
		}
	}
	if c.inFile == 0 {
		delete(rm.table, kindKeys)
	}
}

func (rm *realmRun) addKey(p *realmfile.Part, m realmfile.KeyMaterial, stored iam.KeySet) {
	if m.Status == iam.KeyActive && slices.Contains(stored.Algorithms(), m.Algorithm) {
		m.Status = iam.KeyPassive
	}
	k, err := rm.im.Keys.Import(&rm.next, m, rm.im.Now())
	if err != nil {
		p.Fault("components", m.Place+": "+err.Error())
		return
	}
	rm.keys = append(rm.keys, k)
	rm.takeKept(keptAt, realmfile.KeyPlace(m.KID))
}
