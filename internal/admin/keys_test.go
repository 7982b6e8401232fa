package admin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// TestKeysOnSeveralNodes: of several nodes that rotate at once one does, and of
// those that move a rotation on each step is made and recorded once.
func TestKeysOnSeveralNodes(t *testing.T) {
	t.Parallel()
	first, n := service(t)
	var now atomic.Int64
	now.Store(first.Now().UnixMilli())
	services := make([]*admin.Service, 4)
	for i := range services {
		own := &node{store: n.store}
		if err := own.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		services[i] = &admin.Service{Signing: n.store, Node: own, Importer: first.Importer, NewID: secret.NewID,
			Now: func() time.Time { return time.UnixMilli(now.Load()) }}
	}
	together := func(do func(s *admin.Service)) {
		var wg sync.WaitGroup
		for _, s := range services {
			wg.Go(func() { do(s) })
		}
		wg.Wait()
	}
	won := atomic.Int64{}
	together(func(s *admin.Service) {
		_, err := s.RotateKeys(t.Context(), me, "platform", "HS512", false)
		switch fault(t, err) {
		case "":
			won.Add(1)
		case oauth.AdminTaken:
		default:
			t.Error(err)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d nodes rotated", won.Load())
	}
	lives := services[0].Node.Realms()[0].KeyLives()
	for _, step := range []struct {
		ahead time.Duration
		want  map[string]int // HS512 keys by state
	}{
		{0, map[string]int{"ACTIVE": 1, "PASSIVE": 1}},
		{iam.KeyLead, map[string]int{"ACTIVE": 1, "PASSIVE": 1}},
		{time.Duration(lives.Refresh)*time.Millisecond + time.Minute, map[string]int{"ACTIVE": 1}},
	} {
		now.Add(step.ahead.Milliseconds())
		together(func(s *admin.Service) {
			if _, err := s.MoveKeys(t.Context()); err != nil {
				t.Error(err)
			}
		})
		rows, err := n.store.LoadConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, k := range rows.Keys {
			if k.Algorithm == "HS512" {
				got[string(k.Status)]++
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after %v: %s", step.ahead, diff)
		}
	}
	events, err := n.store.FindEvents(t.Context(), iam.EventQuery{RealmID: n.Realms()[0].Realm.ID, Type: "ADMIN_UPDATE", Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for _, ev := range events {
		if ev.Details["resourceType"] == "COMPONENT" {
			moved++
		}
	}
	if moved != 2 {
		t.Errorf("%d steps are recorded, want 2", moved)
	}
}
