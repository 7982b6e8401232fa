package admin

import (
	"context"
	"strconv"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// The scopes of a not-before.
const (
	ScopeRealm  = "realm"
	ScopeClient = "client"
	ScopeUser   = "user"
)

// SetNotBefore refuses the tokens of a realm, client or user that were issued
// before a moment (Unix s), and returns what is in force; 0 clears, nil is the
// end of the present second, so that everything issued until now is refused.
func (s *Service) SetNotBefore(ctx context.Context, c Caller, realm, scope, name string, at *int64) (int64, error) {
	now := s.Now().Unix()
	value := now + 1
	if at != nil {
		value = *at
	}
	switch {
	case value < 0:
		return 0, refused("A not-before is a moment of the past in Unix seconds, or 0 for none")
	case value > now+1:
		// It would refuse what is issued from here on, also after it was cleared.
		return 0, refused("A not-before is a moment of the past in Unix seconds, or 0 for none: this one is in the future").
			WithHint("Leave the moment out for now; a number of milliseconds is a thousand times too large.")
	}
	switch scope {
	case ScopeRealm:
		if name != "" {
			return 0, refused("A not-before of the realm names no client or user")
		}
		return value, s.realmNotBefore(ctx, c, realm, value)
	case ScopeClient:
		return value, s.clientNotBefore(ctx, c, realm, name, value)
	case ScopeUser:
		return value, s.userNotBefore(ctx, c, realm, name, value)
	}
	return 0, refused("The scope of a not-before is realm, client or user")
}

func (s *Service) realmNotBefore(ctx context.Context, c Caller, realm string, at int64) error {
	cfg, err := s.realm(realm)
	if err != nil {
		return err
	}
	next := cfg.Realm
	next.NotBefore = at
	var rev []iam.Revocation
	if at > 0 {
		rev = []iam.Revocation{{
			RealmID: cfg.Realm.ID, Kind: iam.RevokeRealm, ID: cfg.Realm.ID, IssuedBefore: at, Until: s.lastTouched(cfg, at),
		}}
	}
	ev := s.event(c, cfg.Realm.ID, adminUpdate, "REALM", "")
	ev.Details["notBefore"] = strconv.FormatInt(at, 10)
	entries, err := s.Config.ReplaceRealm(ctx, cfg.Realm, next, rev, ev)
	if err != nil {
		return answer(err, "")
	}
	s.Node.Apply(entries...)
	s.reload(ctx)
	s.settle(ctx, entries)
	return nil
}

func (s *Service) clientNotBefore(ctx context.Context, caller Caller, realm, name string, at int64) error {
	cfg, c, err := s.client(realm, name)
	if err != nil {
		return err
	}
	next := *c
	next.NotBefore = at
	var rev []iam.Revocation
	if at > 0 {
		rev = s.refuseClient(cfg, c, at)
	}
	ev := s.clientEvent(caller, c, adminUpdate, "clients/"+c.ID)
	ev.Details["notBefore"] = strconv.FormatInt(at, 10)
	return s.replaceClient(ctx, c, &next, rev, ev)
}

func (s *Service) userNotBefore(ctx context.Context, c Caller, realm, name string, at int64) error {
	cfg, u, err := s.find(ctx, realm, name)
	if err != nil {
		return err
	}
	ev := s.userEvent(c, cfg, &u, adminUpdate, "users/"+u.ID)
	ev.Details["notBefore"] = strconv.FormatInt(at, 10)
	entries, err := s.Accounts.SetUserNotBefore(ctx, cfg.Realm.ID, u.ID, at, s.lastTouched(cfg, at), ev)
	if err != nil {
		return answer(err, "")
	}
	s.Node.Apply(entries...)
	s.settle(ctx, entries)
	return nil
}

// lastTouched is when the last token that a not-before refuses has expired by
// itself (Unix ms).
func (s *Service) lastTouched(cfg *iam.RealmConfig, at int64) int64 {
	return max(s.Now().UnixMilli(), at*1000) + cfg.LongestAccess()
}
