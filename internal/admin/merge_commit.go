package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// finish settles what needs all users: service accounts, members, and what is
// still to be put aside.
func (run *importRun) finish(ctx context.Context, rm *realmRun) error {
	if err := rm.serviceAccounts(ctx); err != nil {
		return err
	}
	if err := rm.checkMembers(ctx); err != nil {
		return err
	}
	if err := rm.blameCrowds(); err != nil {
		return err
	}
	if rm.draft != nil && rm.draft.VideoManagers == nil && rm.table.of(kindUsers).imported > 0 {
		rm.warnRealm(rm.next.Name, "new users are members of no VideoManager; list them with `usher admin vms list`, make one with `usher admin vms add`, add users with `usher admin vms members`")
	}
	if rm.stored == nil && rm.table.of(kindUsers).inFile == 0 {
		rm.warnRealm(rm.next.Name, "the files hold no users; an export to a folder keeps them in "+rm.next.Name+"-users-N.json")
	}
	if rm.o.DryRun || len(run.faults) > 0 {
		return nil
	}
	return rm.flush(ctx)
}

// blameCrowds refuses what would be more than a realm can have together with
// what is stored, or with the roles that users name.
func (rm *realmRun) blameCrowds() error {
	for kind, n := range map[string]int{"roles": realmfile.RolesIn(&rm.next), "groups": len(rm.next.Groups), "clients": len(rm.clients)} {
		if !realmfile.HasRoom(n) {
			return rm.blame(realmfile.Faults{{
				File: "realm " + rm.next.Name, Line: 1, Column: 1, Path: kind, Text: realmfile.Crowded(kind, n) + ", those that are stored and those that users name counted",
			}})
		}
	}
	return nil
}

// serviceAccounts makes the users that new clients with service accounts need.
func (rm *realmRun) serviceAccounts(ctx context.Context) error {
	var made []realmfile.User
	for _, c := range rm.added {
		name := iam.CanonicalName("service-account-" + c.ClientID)
		if !c.ServiceAccounts || rm.people.Has(name) {
			continue
		}
		u, err := rm.storedUser(ctx, name)
		if err != nil {
			return err
		}
		if u == nil {
			made = append(made, realmfile.User{User: iam.User{Username: name, Enabled: true, ServiceAccountOf: c.ClientID}})
		}
	}
	return rm.stage(ctx, made)
}

// checkMembers blames members of VideoManagers who are nobody.
func (rm *realmRun) checkMembers(ctx context.Context) error {
	if rm.draft == nil {
		return nil
	}
	for name := range rm.memberOf {
		if rm.people.Has(name) {
			continue
		}
		u, err := rm.storedUser(ctx, name)
		if err != nil {
			return err
		}
		if u == nil {
			continue
		}
		rm.people.Add(name)
		for _, id := range rm.memberOf[name] { // of new VideoManagers
			rm.members = append(rm.members, iam.MemberChange{VideoManager: id, UserID: u.ID})
		}
	}
	return rm.blameMembers()
}

func (rm *realmRun) blameMembers() error {
	var among func(name string) bool
	if rm.stored != nil { // members who are stored were found by join
		among = func(name string) bool { return rm.memberOf[name] != nil }
	}
	if faults := rm.people.Members(rm.draft, among); len(faults) > 0 {
		return rm.blame(faults)
	}
	return nil
}

// commit writes the realm.
func (rm *realmRun) commit(ctx context.Context, event EventOf) ([]iam.Revocation, error) {
	now := rm.im.Now().UnixMilli()
	m := iam.RealmMerge{
		Prev: rm.stored, Next: rm.sealRealm(), Keys: rm.keys, Batch: rm.batch, Members: rm.members,
		At: now, Until: now + rm.longestAccess(),
	}
	for i := range m.Next.Roles {
		rm.im.id(&m.Next.Roles[i].ID)
	}
	if rm.stored == nil {
		keys, err := rm.im.keys(&realmfile.Draft{Realm: rm.next, Clients: rm.clients, Keys: rm.draft.Keys})
		if err != nil {
			return nil, err
		}
		m.Keys = keys
	} else if reflect.DeepEqual(m.Next, *rm.stored) && len(rm.added)+len(rm.changed)+len(rm.keys)+len(rm.managers)+len(rm.members) == 0 && !rm.staged {
		return nil, nil // everything is as stored
	}
	for _, c := range rm.added {
		m.Clients = append(m.Clients, rm.im.sealClient(c, nil))
	}
	for _, c := range rm.changed {
		m.Changed = append(m.Changed, iam.ClientChange{Prev: c.Prev, Next: rm.im.sealClient(c.Next, &c.Prev)})
	}
	entries, err := rm.im.Merge.MergeRealm(ctx, m, rm.managers, event(rm.next.ID, rm.table.rows(rm.next.Name)))
	if errors.Is(err, iam.ErrConflict) {
		err = fmt.Errorf("an id or name of the files was taken meanwhile, or by another realm: %w", err)
	}
	return entries, err
}

func (rm *realmRun) longestAccess() int64 {
	cfg := iam.RealmConfig{Realm: rm.next, Clients: map[string]*iam.Client{}}
	for i := range rm.clients {
		cfg.Clients[rm.clients[i].ClientID] = &rm.clients[i]
	}
	return cfg.LongestAccess()
}

// sealRealm is the realm as it is stored; what did not change stays sealed as
// it is.
func (rm *realmRun) sealRealm() iam.Realm {
	next := rm.next
	var stored map[string]json.RawMessage
	if rm.stored != nil {
		stored = rm.stored.Kept
	}
	next.Kept = rm.im.resealKept(rm.next.Kept, stored, next.ID, next.ID)
	return next
}

// resealKept seals kept members; those that are stored as they are stay.
func (im *Importer) resealKept(kept, stored map[string]json.RawMessage, realmID, id string) map[string]json.RawMessage {
	open := im.openKept(stored, realmID, id)
	fresh := map[string]json.RawMessage{}
	out := make(map[string]json.RawMessage, len(kept))
	for name, raw := range kept {
		if was, ok := open[name]; ok && bytes.Equal(canonical(was), canonical(raw)) {
			out[name] = stored[name]
		} else {
			fresh[name] = raw
		}
	}
	for name, raw := range im.sealKept(fresh, realmID, id) {
		out[name] = raw
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// sealClient is a client as it is stored; stored is what it replaces.
func (im *Importer) sealClient(c iam.Client, stored *iam.Client) iam.Client {
	var kept map[string]json.RawMessage
	old := ""
	if stored != nil {
		kept, old = stored.Kept, im.openClient(*stored).Secret
	}
	if c.Secret == "" && !c.Public && !c.BearerOnly {
		c.Secret = secret.String(32)
	}
	switch {
	case c.Secret == "":
		c.SealedSecret = nil
	case stored == nil || c.Secret != old:
		c.SealedSecret = im.Sealer.Seal([]byte(c.Secret), c.RealmID, c.ID, PurposeClientSecret)
	default:
		c.SealedSecret = stored.SealedSecret
	}
	c.Kept = im.resealKept(c.Kept, kept, c.RealmID, c.ID)
	return c
}
