package live

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

// DefaultMembers bounds the users whose memberships are cached.
const DefaultMembers = 10_000

// MembersOptions are a Members' dependencies; Read is required.
type MembersOptions struct {
	// Read returns the VideoManagers whose member the user is, by id.
	Read func(ctx context.Context, realmID, userID string) ([]vms.VideoManager, error)
	// Limit overrides DefaultMembers.
	Limit int
}

// Members caches each user's VideoManagers until the feed says they changed.
type Members struct {
	MembersOptions
	cache *cache[memberKey, *vms.List]
	// forgets counts Forget calls: a list read before one is not kept after it.
	forgets atomic.Uint64
}

type memberKey struct{ realm, user string }

// NewMembers makes an empty cache.
func NewMembers(o MembersOptions) *Members {
	if o.Limit <= 0 {
		o.Limit = DefaultMembers
	}
	return &Members{MembersOptions: o, cache: newCache[memberKey, *vms.List](o.Limit)}
}

// Of returns the caller's list. Errors are the store's.
func (m *Members) Of(ctx context.Context, caller vms.Caller) (*vms.List, error) {
	k := memberKey{caller.RealmID, caller.UserID}
	if l, ok := m.cache.get(k); ok {
		return l, nil
	}
	before := m.forgets.Load()
	rows, err := m.Read(ctx, caller.RealmID, caller.UserID)
	if err != nil {
		return nil, err
	}
	l, err := vms.NewList(rows)
	if err != nil {
		return nil, fmt.Errorf("VideoManagers of a user: %w", err)
	}
	m.cache.put(k, l)
	if m.forgets.Load() != before { // perhaps this user's: what was read may be old
		m.cache.drop(k)
	}
	return l, nil
}

// Forget drops a user's list; userID "" drops the realm's.
func (m *Members) Forget(realmID, userID string) {
	m.forgets.Add(1)
	if userID != "" {
		m.cache.drop(memberKey{realmID, userID})
		return
	}
	m.cache.dropIf(func(k memberKey, _ *vms.List) bool { return k.realm == realmID })
}
