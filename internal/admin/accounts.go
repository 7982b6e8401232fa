package admin

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// AccountStore changes users, each method one fact with its event. Entries
// returned refuse tokens until the given time (Unix ms).
type AccountStore interface {
	// AddUser writes a user who is a member of the VideoManagers. iam.ErrConflict:
	// name or id is taken, or was.
	AddUser(ctx context.Context, u iam.User, memberOf []int64, ev *iam.Event) error
	// SetPassword writes the password and the required actions of next where the
	// stored document is prev's (else iam.ErrStale), and ends the user's sessions.
	SetPassword(ctx context.Context, prev, next iam.User, until int64, ev *iam.Event) ([]iam.Revocation, error)
	SetUserEnabled(ctx context.Context, realmID, userID string, enabled bool, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	SetUserNotBefore(ctx context.Context, realmID, userID string, notBefore, until int64, ev *iam.Event) ([]iam.Revocation, error)
	DeleteUser(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	// ClearFailures forgets the wrong passwords of all keys, and says whether
	// there were any.
	ClearFailures(ctx context.Context, realmID string, keys []string, ev *iam.Event) (bool, error)
}

// Done says what an order did.
type Done struct {
	Changed  bool
	Sessions int // that ended by it
}

// sessionsIn counts the sessions that entries end.
func sessionsIn(entries []iam.Revocation) int {
	n := 0
	for _, e := range entries {
		if e.Kind == iam.RevokeSession {
			n++
		}
	}
	return n
}

// apply puts entries in force and tells what they end.
func (s *Service) apply(entries []iam.Revocation) Done {
	s.Node.Apply(entries...)
	return Done{Changed: true, Sessions: sessionsIn(entries)}
}

// until is for how long a revocation made now must be remembered (Unix ms).
func (s *Service) until(cfg *iam.RealmConfig) int64 {
	return s.Now().UnixMilli() + cfg.LongestAccess()
}

// SetPassword sets a password, ends the user's sessions, and unlocks the user:
// what was guessed was guessed at another password. A temporary one must be
// changed by the user before anything else. Trouble with the unlocking alone
// comes with what was done, and the order can be given again.
func (s *Service) SetPassword(ctx context.Context, c Caller, realm, ref, plain string, temporary bool) (Done, error) {
	cfg, u, err := s.find(ctx, realm, ref)
	if err != nil {
		return Done{}, err
	}
	if u.ServiceAccountOf != "" {
		return Done{}, refused("The user is the service account of client " + quote(u.ServiceAccountOf) + " and never has a password")
	}
	next := u
	if next.Password, err = s.hash(&u, plain); err != nil {
		return Done{}, err
	}
	next.RequiredActions = withAction(u.RequiredActions, temporary)
	ev := s.userEvent(c, cfg, &u, adminAction, "users/"+u.ID+"/reset-password")
	if temporary {
		ev.Details["temporary"] = "true"
	}
	entries, err := s.Accounts.SetPassword(ctx, u, next, s.until(cfg), ev)
	if err != nil {
		return Done{}, answer(err, "")
	}
	done := s.apply(entries)
	_, err = s.unlock(ctx, c, cfg, &u)
	return done, answer(err, "")
}

// SetUserEnabled enables or disables a user; of a disabled one every token is
// refused at once.
func (s *Service) SetUserEnabled(ctx context.Context, c Caller, realm, ref string, enabled bool) (Done, error) {
	cfg, u, err := s.find(ctx, realm, ref)
	if err != nil {
		return Done{}, err
	}
	if u.Enabled == enabled {
		return Done{}, nil
	}
	ev := s.userEvent(c, cfg, &u, adminUpdate, "users/"+u.ID)
	ev.Details["enabled"] = truth(enabled)
	entries, err := s.Accounts.SetUserEnabled(ctx, cfg.Realm.ID, u.ID, enabled, s.Now().UnixMilli(), s.until(cfg), ev)
	if err != nil {
		return Done{}, answer(err, "")
	}
	done := s.apply(entries)
	s.settle(ctx, entries)
	return done, nil
}

// Unlock forgets the wrong passwords counted against a user, under every name
// that can be typed, and ends a wait or a lock.
func (s *Service) Unlock(ctx context.Context, c Caller, realm, ref string) (Done, error) {
	cfg, u, err := s.find(ctx, realm, ref)
	if err != nil {
		return Done{}, err
	}
	existed, err := s.unlock(ctx, c, cfg, &u)
	return Done{Changed: existed}, answer(err, "")
}

func (s *Service) unlock(ctx context.Context, c Caller, cfg *iam.RealmConfig, u *iam.User) (existed bool, err error) {
	ev := s.userEvent(c, cfg, u, adminDelete, "attack-detection/brute-force/users/"+u.ID)
	ev.Details["resourceType"] = "USER_LOGIN_FAILURE"
	return s.Accounts.ClearFailures(ctx, cfg.Realm.ID, s.Node.FailureKeys(cfg.Realm.ID, u), ev)
}

// DeleteUser deletes a user for good; the id never comes back.
func (s *Service) DeleteUser(ctx context.Context, c Caller, realm, ref string) (Done, error) {
	cfg, u, err := s.find(ctx, realm, ref)
	if err != nil {
		return Done{}, err
	}
	if client, ok := cfg.Clients[u.ServiceAccountOf]; ok && client.ServiceAccounts {
		return Done{}, refused("The user is the service account of client " + quote(u.ServiceAccountOf))
	}
	ev := s.userEvent(c, cfg, &u, adminDelete, "users/"+u.ID)
	ev.Details["username"] = u.Username
	entries, err := s.Accounts.DeleteUser(ctx, cfg.Realm.ID, u.ID, s.Now().UnixMilli(), s.until(cfg), ev)
	if err != nil {
		return Done{}, answer(err, "")
	}
	return s.apply(entries), nil
}

func (s *Service) userEvent(c Caller, cfg *iam.RealmConfig, u *iam.User, kind, path string) *iam.Event {
	ev := s.event(c, cfg.Realm.ID, kind, "USER", path)
	ev.UserID = u.ID
	return ev
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
