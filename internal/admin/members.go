package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// MemberStore keeps VideoManagers and who is a member of them.
type MemberStore interface {
	// Managers is one page by id; LastManager the largest id in any realm.
	Managers(ctx context.Context, realmID string, after int64, limit int) ([]vms.Counted, error)
	LastManager(ctx context.Context) (int64, error)
	VideoManagersOf(ctx context.Context, realmID, userID string) ([]vms.VideoManager, error)
	AddVideoManager(ctx context.Context, realmID string, v vms.VideoManager, ev *iam.Event) error
	ChangeMembers(ctx context.Context, realmID string, vmID int64, add, remove []string, until int64, ev *iam.Event) ([]iam.Revocation, error)
	MembersOf(ctx context.Context, realmID string, vmID int64, afterID string, limit int) ([]iam.Member, error)
}

// VideoManagerList answers the realm's VideoManagers by id, from the first one
// after the given id, at most limit.
func (s *Service) VideoManagerList(ctx context.Context, realm string, after int64, limit int) ([]vms.Counted, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	return s.Members.Managers(ctx, cfg.Realm.ID, after, limit)
}

// MemberList answers one page of a VideoManager's members by user id.
func (s *Service) MemberList(ctx context.Context, realm string, id int64, after string, limit int) ([]iam.Member, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	list, err := s.Members.MembersOf(ctx, cfg.Realm.ID, id, after, limit)
	return list, noManager(err, id, realm)
}

func noManager(err error, id int64, realm string) error {
	if errors.Is(err, iam.ErrNotFound) {
		return unknown("VideoManager", strconv.FormatInt(id, 10), realm)
	}
	return answer(err, "")
}

// maxMembers bounds what one order changes.
const maxMembers = 1000

// AddVideoManager makes a VideoManager with members, who are named by id, name
// or address; id 0 takes the next free one.
func (s *Service) AddVideoManager(ctx context.Context, c Caller, realm string, v vms.VideoManager, members []string) (vms.Counted, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return vms.Counted{}, err
	}
	if err := checkManager(&v); err != nil {
		return vms.Counted{}, err
	}
	ids, err := s.userIDs(ctx, cfg, members)
	if err != nil {
		return vms.Counted{}, err
	}
	v.RealmID = cfg.Realm.ID
	if v.ID == 0 {
		if v.ID, err = s.nextManager(ctx); err != nil {
			return vms.Counted{}, err
		}
	}
	if v.UUID == "" {
		v.UUID = s.NewID()
	}
	path := fmt.Sprintf("vms/%d", v.ID)
	if err := s.Members.AddVideoManager(ctx, cfg.Realm.ID, v, s.event(c, cfg.Realm.ID, adminCreate, "VIDEO_MANAGER", path)); err != nil {
		return vms.Counted{}, answer(err, fmt.Sprintf("The id %d or the UUID of the VideoManager is taken", v.ID))
	}
	if len(ids) > 0 {
		if _, err := s.changeMembers(ctx, c, cfg, v.ID, ids, nil); err != nil {
			return vms.Counted{}, err
		}
	}
	return vms.Counted{VideoManager: v, Members: len(ids)}, nil
}

func checkManager(v *vms.VideoManager) error {
	var object map[string]json.RawMessage
	switch {
	case v.Name == "" || len(v.Name) > maxName || hasControl(v.Name):
		return refused("A VideoManager needs a name of at most 255 bytes without control characters")
	case v.ID < 0 || v.ID > 1<<53-1:
		return refused("The id of a VideoManager is a number between 1 and 2^53-1")
	case v.UUID != "" && !isUUID(v.UUID):
		return refused("The uuid of a VideoManager is a UUID")
	case len(v.Configuration) == 0 || string(v.Configuration) == "null":
		v.Configuration = json.RawMessage("{}")
	case json.Unmarshal(v.Configuration, &object) != nil:
		return refused("The configuration of a VideoManager is a JSON object")
	}
	v.UUID = strings.ToLower(v.UUID)
	return nil
}

// nextManager is the id after all there are: ids are one series over all realms.
func (s *Service) nextManager(ctx context.Context) (int64, error) {
	last, err := s.Members.LastManager(ctx)
	return max(1001, last+1), err
}

// MembersChanged counts what an order changed, and how many members there are.
type MembersChanged struct{ Added, Removed, Members int }

// ChangeMembers makes users members of a VideoManager, and others not; they are
// named by id, name or address.
func (s *Service) ChangeMembers(ctx context.Context, c Caller, realm string, id int64, add, remove []string) (MembersChanged, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return MembersChanged{}, err
	}
	in, err := s.userIDs(ctx, cfg, add)
	if err != nil {
		return MembersChanged{}, err
	}
	out, err := s.userIDs(ctx, cfg, remove)
	if err != nil {
		return MembersChanged{}, err
	}
	if slices.ContainsFunc(in, func(id string) bool { return slices.Contains(out, id) }) {
		return MembersChanged{}, refused("A user cannot be added and removed by the same order")
	}
	return s.changeMembers(ctx, c, cfg, id, in, out)
}

func (s *Service) changeMembers(ctx context.Context, c Caller, cfg *iam.RealmConfig, id int64, add, remove []string) (MembersChanged, error) {
	ev := s.event(c, cfg.Realm.ID, adminUpdate, "VIDEO_MANAGER", fmt.Sprintf("vms/%d/members", id))
	if len(add) > 0 {
		ev.Details["added"] = strings.Join(add, " ")
	}
	if len(remove) > 0 {
		ev.Details["removed"] = strings.Join(remove, " ")
	}
	entries, err := s.Members.ChangeMembers(ctx, cfg.Realm.ID, id, add, remove, s.until(cfg), ev)
	if err != nil {
		return MembersChanged{}, noManager(err, id, cfg.Realm.Name)
	}
	s.Node.Apply(entries...)
	var done MembersChanged
	for _, e := range entries {
		if slices.Contains(add, e.ID) {
			done.Added++
		} else {
			done.Removed++
		}
	}
	done.Members, err = s.countMembers(ctx, cfg, id)
	return done, err
}

func (s *Service) countMembers(ctx context.Context, cfg *iam.RealmConfig, id int64) (int, error) {
	list, err := s.Members.Managers(ctx, cfg.Realm.ID, id-1, 1)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Members, nil
}

// userIDs resolves users, each once.
func (s *Service) userIDs(ctx context.Context, cfg *iam.RealmConfig, refs []string) ([]string, error) {
	if len(refs) > maxMembers {
		return nil, refused(fmt.Sprintf("One order names at most %d users", maxMembers))
	}
	ids := make([]string, 0, len(refs))
	for _, ref := range refs {
		u, err := s.lookUp(ctx, cfg, ref)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, u.ID) {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

// managers checks the VideoManagers a new user is to be a member of.
func (s *Service) managers(ctx context.Context, cfg *iam.RealmConfig, ids []int64, every bool) ([]int64, error) {
	if len(ids) == 0 && !every {
		return nil, nil
	}
	var known []int64
	const page = 1000
	for after, more := int64(0), true; more; {
		list, err := s.Members.Managers(ctx, cfg.Realm.ID, after, page)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			after = m.VideoManager.ID
			known = append(known, after)
		}
		more = len(list) == page
	}
	if every {
		return known, nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for _, id := range ids {
		if !slices.Contains(known, id) {
			return nil, refused(fmt.Sprintf("There is no VideoManager %d in realm %s", id, cfg.Realm.Name))
		}
	}
	return ids, nil
}
