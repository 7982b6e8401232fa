package admin

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// EventFilter asks for events, with realm and user as an operator names them.
type EventFilter struct {
	Query iam.EventQuery // RealmID and UserID are found
	Realm string         // "": all realms
	User  string         // id, name or address; without a realm the id
}

// EventView is an event with the name of its realm; "" for one that is gone.
type EventView struct {
	iam.Event
	Realm string
}

// EventList answers one page of events.
func (s *Service) EventList(ctx context.Context, f EventFilter) ([]EventView, error) {
	q := f.Query
	q.UserID = f.User
	if f.Realm != "" {
		cfg, err := s.realm(f.Realm)
		if err != nil {
			return nil, err
		}
		q.RealmID = cfg.Realm.ID
		if q.UserID, err = s.pastUser(ctx, cfg, f.User); err != nil {
			return nil, err
		}
	}
	list, err := s.Events.FindEvents(ctx, q)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, r := range s.Node.Realms() {
		names[r.Realm.ID] = r.Realm.Name
	}
	out := make([]EventView, len(list))
	for i, e := range list {
		out[i] = EventView{e, names[e.RealmID]}
	}
	return out, nil
}

// pastUser resolves a user, who may be deleted by now: then only the id is known.
func (s *Service) pastUser(ctx context.Context, cfg *iam.RealmConfig, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	u, err := s.lookUp(ctx, cfg, ref)
	var no *oauth.Error
	if errors.As(err, &no) && no.Fault == oauth.AdminUnknown && isUUID(ref) {
		return ref, nil
	}
	return u.ID, err
}
