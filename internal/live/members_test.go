package live

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

func TestMembersAreCachedUntilForgotten(t *testing.T) {
	t.Parallel()
	var reads atomic.Int32
	m := NewMembers(MembersOptions{Read: func(_ context.Context, realm, user string) ([]vms.VideoManager, error) {
		n := reads.Add(1)
		return []vms.VideoManager{{ID: int64(n), Name: realm + user}}, nil
	}})
	want := func(c vms.Caller, id int64) {
		t.Helper()
		l, err := m.Of(t.Context(), c)
		if err != nil || l.VideoManagers[0].ID != id || l.VideoManagers[0].Name != c.RealmID+c.UserID {
			t.Errorf("%+v, %v; want id %d", l, err, id)
		}
	}
	ada, bob, far := vms.Caller{RealmID: "r", UserID: "ada"}, vms.Caller{RealmID: "r", UserID: "bob"}, vms.Caller{RealmID: "q", UserID: "ada"}
	want(ada, 1)
	want(ada, 1)
	want(bob, 2)
	want(far, 3)
	m.Forget("r", "ada")
	want(ada, 4)
	want(bob, 2)
	m.Forget("r", "")
	want(ada, 5)
	want(bob, 6)
	want(far, 3)
}

// A list read before a change and delivered after it is not kept.
func TestMembersReadDuringAChange(t *testing.T) {
	t.Parallel()
	var m *Members
	reads := 0
	m = NewMembers(MembersOptions{Read: func(context.Context, string, string) ([]vms.VideoManager, error) {
		if reads++; reads == 1 {
			m.Forget("r", "ada")
		}
		return []vms.VideoManager{{ID: int64(reads)}}, nil
	}})
	c := vms.Caller{RealmID: "r", UserID: "ada"}
	for want := range int64(2) {
		if l, err := m.Of(t.Context(), c); err != nil || l.VideoManagers[0].ID != want+1 {
			t.Errorf("%+v, %v", l, err)
		}
	}
}

func TestMembersErrors(t *testing.T) {
	t.Parallel()
	fail := true
	m := NewMembers(MembersOptions{Read: func(context.Context, string, string) ([]vms.VideoManager, error) {
		if fail {
			return nil, errTrouble
		}
		return nil, nil
	}})
	if _, err := m.Of(t.Context(), vms.Caller{}); err == nil {
		t.Error("no error")
	}
	fail = false
	if l, err := m.Of(t.Context(), vms.Caller{}); err != nil || string(l.JSON) != "[]" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestMembersAreBounded(t *testing.T) {
	t.Parallel()
	m := NewMembers(MembersOptions{Limit: 32, Read: func(context.Context, string, string) ([]vms.VideoManager, error) { return nil, nil }})
	for i := range 500 {
		if _, err := m.Of(t.Context(), vms.Caller{UserID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.cache.len(); n > 32 {
		t.Errorf("%d lists", n)
	}
}
