package admin_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// TestOrdersAreAnsweredBehindTheirMark: an order that refuses what was issued
// in the present second is in force before it waits, and is answered when that
// second is over, so that a token made after the answer is good. Other orders
// wait for nothing.
func TestOrdersAreAnsweredBehindTheirMark(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order func(s *admin.Service) error
		waits bool
	}{
		"disable a user": {func(s *admin.Service) error {
			_, err := s.SetUserEnabled(t.Context(), me, "platform", "jane", false)
			return err
		}, true},
		"disable a client": {func(s *admin.Service) error {
			_, err := s.SetClientEnabled(t.Context(), me, "platform", "anonymous", false)
			return err
		}, true},
		"end all sessions": {func(s *admin.Service) error {
			_, err := s.EndAllSessions(t.Context(), me, "platform")
			return err
		}, true},
		"not-before of the realm": {func(s *admin.Service) error {
			_, err := s.SetNotBefore(t.Context(), me, "platform", admin.ScopeRealm, "", nil)
			return err
		}, true},
		"not-before of a client": {func(s *admin.Service) error {
			_, err := s.SetNotBefore(t.Context(), me, "platform", admin.ScopeClient, "anonymous", nil)
			return err
		}, true},
		"not-before of a user": {func(s *admin.Service) error {
			_, err := s.SetNotBefore(t.Context(), me, "platform", admin.ScopeUser, "jane", nil)
			return err
		}, true},
		"a past not-before": {func(s *admin.Service) error {
			at := s.Now().Unix() - 3600
			_, err := s.SetNotBefore(t.Context(), me, "platform", admin.ScopeUser, "jane", &at)
			return err
		}, false},
		"a password": {func(s *admin.Service) error {
			_, err := s.SetPassword(t.Context(), me, "platform", "jane", "quite another password", false)
			return err
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, n := service(t)
			now := s.Now().Add(300 * time.Millisecond) // a still clock
			s.Now = func() time.Time { return now }
			slept := time.Duration(0)
			s.Sleep = func(_ context.Context, d time.Duration) error {
				if len(n.applied) == 0 {
					t.Error("it waits before it is in force")
				}
				slept, now = slept+d, now.Add(d)
				return nil
			}
			if err := c.order(s); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]time.Duration{true: 700 * time.Millisecond}[c.waits]; slept != want {
				t.Errorf("waited %v, want %v", slept, want)
			}
			for _, e := range n.applied {
				if e.IssuedBefore > now.Unix() {
					t.Errorf("%s still refuses what is issued now", e.Kind)
				}
			}
		})
	}
}

// TestNotBeforeIsNoPromise: a moment in the future would outlive its clearing.
func TestNotBeforeIsNoPromise(t *testing.T) {
	t.Parallel()
	s, n := service(t)
	for _, ahead := range []int64{2, 60} {
		at := s.Now().Unix() + ahead
		if _, err := s.SetNotBefore(t.Context(), me, "platform", admin.ScopeRealm, "", &at); fault(t, err) != oauth.AdminRefused {
			t.Errorf("%d s ahead: %v", ahead, err)
		}
	}
	if len(n.applied) > 0 {
		t.Errorf("applied %v", n.applied)
	}
}

// TestAPasswordEndsTheLock: a lock lasts until the password is set anew.
func TestAPasswordEndsTheLock(t *testing.T) {
	t.Parallel()
	s, n := service(t)
	u, err := s.UserOf(t.Context(), "platform", "jane")
	if err != nil {
		t.Fatal(err)
	}
	locked := iam.Failures{Count: 30, Lockouts: 3, Locked: true}
	if err := n.store.ReplaceFailures(t.Context(), u.RealmID, u.ID, iam.Failures{}, locked, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetPassword(t.Context(), me, "platform", "jane", "quite another password", false); err != nil {
		t.Fatal(err)
	}
	if u, err = s.UserOf(t.Context(), "platform", "jane"); err != nil || u.Failures.Locked || u.Failures.Count != 0 {
		t.Errorf("%+v, %v", u.Failures, err)
	}
}

// TestClientsAreFoundByID: what a name cannot be written for has an id; a
// clientId that looks like another's id is its own.
func TestClientsAreFoundByID(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	made, err := s.AddClient(t.Context(), me, "platform", iam.Client{ClientID: "https://shop.example/a//../", Public: true})
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err := s.ClientOf("platform", made.Client.ID); err != nil || c.ClientID != made.Client.ClientID {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := s.AddClient(t.Context(), me, "platform", iam.Client{ClientID: made.Client.ID, Public: true}); err != nil {
		t.Fatal(err)
	}
	if c, _, err := s.ClientOf("platform", made.Client.ID); err != nil || c.ClientID != made.Client.ID {
		t.Errorf("%v, %v", c, err)
	}
}
