package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// calls is one call of every method, each of which would succeed or be refused
// by a fact, but never fail.
func (w *world) calls() map[string]func(context.Context) error {
	l := w.login()
	credential := *w.user.Password
	return map[string]func(context.Context) error{
		"LoadConfig":    func(ctx context.Context) error { _, err := w.LoadConfig(ctx); return err },
		"ConfigVersion": func(ctx context.Context) error { _, err := w.ConfigVersion(ctx); return err },
		"Probe":         w.Probe,
		"ImportRealm": func(ctx context.Context) error {
			return w.ImportRealm(ctx, iam.RealmImport{Realm: iam.Realm{ID: w.s.id("realm"), Name: w.s.id("name")}}, nil)
		},
		"AddUsers": func(ctx context.Context) error {
			return w.AddUsers(ctx, w.realm, []iam.User{w.s.person("new")}, nil)
		},
		"Passwords":       func(ctx context.Context) error { _, err := w.Passwords(ctx, w.realm, "", 9); return err },
		"Users":           func(ctx context.Context) error { _, err := w.Users(ctx, w.realm, "", 9); return err },
		"UserByName":      func(ctx context.Context) error { _, err := w.UserByName(ctx, w.realm, "anna"); return err },
		"UserByEmail":     func(ctx context.Context) error { _, err := w.UserByEmail(ctx, w.realm, "e"); return err },
		"User":            func(ctx context.Context) error { _, err := w.User(ctx, w.realm, w.user.ID); return err },
		"UpgradePassword": func(ctx context.Context) error { return w.UpgradePassword(ctx, w.user.ID, credential, credential) },
		"ChangePassword": func(ctx context.Context) error {
			_, err := w.ChangePassword(ctx, w.realm, w.user.ID, credential, start, start, w.event("NEVER"))
			return err
		},
		"SetUserEnabled": func(ctx context.Context) error {
			_, err := w.SetUserEnabled(ctx, w.realm, w.user.ID, false, start, start, w.event("NEVER"))
			return err
		},
		"Failures": func(ctx context.Context) error { _, _, err := w.Failures(ctx, w.realm, "key"); return err },
		"ReplaceFailures": func(ctx context.Context) error {
			return w.ReplaceFailures(ctx, w.realm, "key", iam.Failures{}, iam.Failures{Count: 1}, w.event("NEVER"))
		},
		"OpenLogin": func(ctx context.Context) error { return w.OpenLogin(ctx, l) },
		"Family":    func(ctx context.Context) error { _, err := w.Family(ctx, w.realm, "f"); return err },
		"AdvanceFamily": func(ctx context.Context) error {
			return w.AdvanceFamily(ctx, *l.Family, *l.Family, start, start, w.event("NEVER"))
		},
		"TouchSession": func(ctx context.Context) error {
			return w.TouchSession(ctx, l.Session.ID, l.Family.ID, start, start)
		},
		"KillFamily": func(ctx context.Context) error {
			_, err := w.KillFamily(ctx, *l.Family, "r", start, start, w.event("NEVER"))
			return err
		},
		"ConfirmFamily": func(ctx context.Context) error { return w.ConfirmFamily(ctx, l.Family.ID, 0) },
		"EndSession": func(ctx context.Context) error {
			_, err := w.EndSession(ctx, w.realm, l.Session.ID, start, start, w.event("NEVER"))
			return err
		},
		"EndClientSession": func(ctx context.Context) error {
			_, err := w.EndClientSession(ctx, w.realm, l.Session.ID, w.client, start, start, w.event("NEVER"))
			return err
		},
		"RevokeToken": func(ctx context.Context) error {
			_, err := w.RevokeToken(ctx, w.realm, "jti", start, w.event("NEVER"))
			return err
		},
		"TokenRevoked":    func(ctx context.Context) error { _, err := w.TokenRevoked(ctx, w.realm, "jti"); return err },
		"Revocations":     func(ctx context.Context) error { _, err := w.Revocations(ctx, 0); return err },
		"RecordEvent":     func(ctx context.Context) error { return w.RecordEvent(ctx, *w.event("NEVER")) },
		"Events":          func(ctx context.Context) error { _, err := w.Events(ctx, w.realm, 0, 9); return err },
		"VideoManagers":   func(ctx context.Context) error { _, err := w.VideoManagers(ctx, w.realm); return err },
		"VideoManagersOf": func(ctx context.Context) error { _, err := w.VideoManagersOf(ctx, w.realm, w.user.ID); return err },
		"Sweep":           func(ctx context.Context) error { _, err := w.Sweep(ctx, start, 9); return err },
	}
}

// testEndedContext: who comes too late is told of trouble, never of a fact.
func testEndedContext(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	ended, cancel := context.WithCancel(w.ctx)
	cancel()
	for name, call := range w.calls() {
		if err := call(ended); !errors.Is(err, iam.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	u, err := w.User(w.ctx, w.realm, w.user.ID)
	ok(t, err)
	if diff := cmp.Diff(w.user, u); diff != "" || len(w.recorded(t)) != 0 {
		t.Errorf("something was written: %v (-want +got):\n%s", w.recorded(t), diff)
	}
}

func testClosed(t *testing.T, s *suite) {
	alone, _ := s.own(t)
	w := alone.world(t)
	calls := w.calls()
	ok(t, w.Close())
	for name, call := range calls {
		if err := call(w.ctx); !errors.Is(err, iam.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	ok(t, w.Close())
}

// testCancelStorm ends contexts in the middle of reads and writes (the race of
// CVE-2025-47907): no answer may be another caller's, none that was
// acknowledged may be missing, and what failed failed as trouble.
func testCancelStorm(t *testing.T, s *suite) {
	const callers, rounds = 16, 30
	w := s.world(t)
	var users []iam.User
	for i := range callers {
		u := s.person(string(rune('a' + i)))
		u.FirstName = u.ID
		users = append(users, u)
	}
	ok(t, w.AddUsers(w.ctx, w.realm, users, nil))
	var done sync.WaitGroup
	acknowledged := make([][]iam.Login, callers)
	for i, u := range users {
		done.Go(func() {
			for range rounds {
				l := w.login()
				l.Session.UserID, l.Family.UserID = u.ID, u.ID
				ctx, cancel := context.WithCancel(w.ctx)
				go cancel()
				if err := w.OpenLogin(ctx, l); err == nil {
					acknowledged[i] = append(acknowledged[i], l)
				} else if !errors.Is(err, iam.ErrUnavailable) {
					t.Error(err)
				}
				ctx, cancel = context.WithCancel(w.ctx)
				go cancel()
				got, err := w.UserByName(ctx, w.realm, u.Username)
				if err == nil && (got.ID != u.ID || got.FirstName != u.ID) {
					t.Errorf("asked for %s, got %s (%s)", u.ID, got.ID, got.FirstName)
				} else if err != nil && !errors.Is(err, iam.ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	for i, logins := range acknowledged {
		for _, l := range logins {
			if v := w.view(t, l); v.Session == nil || v.Session.UserID != users[i].ID || v.User.ID != users[i].ID {
				t.Errorf("acknowledged, but stored is %+v", v)
			}
		}
	}
}
