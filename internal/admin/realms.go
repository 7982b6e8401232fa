package admin

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// RealmView is a realm with what it holds.
type RealmView struct {
	Config          *iam.RealmConfig
	Users, Sessions int
}

// RealmList answers the realms by name, from the first one after the given
// name, at most limit.
func (s *Service) RealmList(ctx context.Context, after string, limit int) ([]RealmView, error) {
	var out []RealmView
	for _, cfg := range s.Node.Realms() {
		if cfg.Realm.Name <= after || len(out) == limit {
			continue
		}
		v, err := s.realmView(ctx, cfg)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// RealmOf answers one realm.
func (s *Service) RealmOf(ctx context.Context, name string) (RealmView, error) {
	cfg, err := s.realm(name)
	if err != nil {
		return RealmView{}, err
	}
	return s.realmView(ctx, cfg)
}

func (s *Service) realmView(ctx context.Context, cfg *iam.RealmConfig) (v RealmView, err error) {
	v.Config = cfg
	if v.Users, err = s.Users.CountUsers(ctx, cfg.Realm.ID); err != nil {
		return v, err
	}
	v.Sessions, err = s.Sessions.CountSessions(ctx, cfg.Realm.ID)
	return v, err
}

// AddRealm makes a realm as a fresh installation has it, without users.
func (s *Service) AddRealm(ctx context.Context, c Caller, name string) (RealmView, error) {
	if text := realmfile.NameFault(name); text != "" {
		return RealmView{}, refused("The name of the realm: " + text)
	}
	if _, err := s.Node.Realm(name); !errors.Is(err, iam.ErrNotFound) {
		if err == nil {
			err = taken("The realm " + quote(name) + " exists")
		}
		return RealmView{}, err
	}
	d := realmfile.Builtin(name)
	d.Realm.ID = s.NewID()
	first, err := s.nextManager(ctx)
	if err != nil {
		return RealmView{}, err
	}
	s.Importer.complete(&d)
	rows, members, err := s.Importer.rows(ctx, &d, first)
	if err != nil {
		return RealmView{}, oauth.Refuse(oauth.Internal).Because(err)
	}
	ev := s.event(c, d.Realm.ID, adminCreate, "REALM", "")
	if err := s.Config.AddRealm(ctx, rows, members, ev); err != nil {
		return RealmView{}, answer(err, "The realm "+quote(name)+" exists")
	}
	s.reload(ctx)
	return s.RealmOf(ctx, name)
}
