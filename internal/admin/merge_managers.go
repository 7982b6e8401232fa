package admin

import (
	"context"
	"slices"
	"strconv"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// newManagers takes the file's VideoManagers; a silent file brings none.
func (rm *realmRun) newManagers() {
	for _, m := range rm.draft.VideoManagers {
		rm.addManager(m)
	}
	rm.count(kindManagers, len(rm.draft.VideoManagers))
}

func (rm *realmRun) addManager(m vms.Membership) {
	v := m.VideoManager
	v.RealmID = rm.next.ID
	rm.im.id(&v.UUID)
	rm.managers = append(rm.managers, v)
	rm.belong(m)
}

// belong remembers whom the file makes members, until their user comes.
func (rm *realmRun) belong(m vms.Membership) {
	for _, name := range m.Members {
		name = iam.CanonicalName(name)
		rm.memberOf[name] = append(rm.memberOf[name], m.VideoManager.ID)
	}
}

// mergeManagers adds VideoManagers and memberships that are missing. What else
// differs is only named: clients of the API hold on to it.
func (rm *realmRun) mergeManagers(ctx context.Context) error {
	if len(rm.draft.VideoManagers) == 0 {
		return nil
	}
	stored, err := rm.im.Store.VideoManagers(ctx, rm.stored.ID)
	if err != nil {
		return err
	}
	c := rm.table.of(kindManagers)
	for _, m := range rm.draft.VideoManagers {
		name := strconv.FormatInt(m.VideoManager.ID, 10)
		i := slices.IndexFunc(stored, func(s vms.Membership) bool { return s.VideoManager.ID == m.VideoManager.ID })
		if i < 0 {
			rm.addManager(m)
			rm.takeKept(keptAt, realmfile.ManagerPlace(m.VideoManager.ID))
			c.add()
			continue
		}
		added, err := rm.join(ctx, m, stored[i].Members)
		if err != nil {
			return err
		}
		df := &differ{}
		df.diff("videoManagers["+quoteName(name)+"]", managerDoc(stored[i].VideoManager), managerDoc(m.VideoManager))
		switch {
		case added:
			c.change()
		case len(df.lines) == 0:
			c.skip(whySame, name)
		default:
			c.skip("differs; it stays", name)
		}
		rm.tell(df.lines)
	}
	return nil
}

func managerDoc(v vms.VideoManager) map[string]any { return object2map(v) }

// join adds the memberships that a stored VideoManager lacks: of stored users
// at once, of others when they come.
func (rm *realmRun) join(ctx context.Context, m vms.Membership, members []string) (added bool, err error) {
	has := make(map[string]bool, len(members))
	for _, id := range members {
		has[id] = true
	}
	for _, name := range m.Members {
		u, err := rm.storedUser(ctx, iam.CanonicalName(name))
		if err != nil {
			return false, err
		}
		if u == nil {
			rm.belong(vms.Membership{VideoManager: m.VideoManager, Members: []string{name}})
			added = true
			continue
		}
		if !has[u.ID] {
			rm.members = append(rm.members, iam.MemberChange{VideoManager: m.VideoManager.ID, UserID: u.ID})
			added = true
		}
	}
	return added, nil
}
