package grant

import (
	"context"
	"net/netip"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// loginErrorOf is the event of a failed client authentication.
func loginErrorOf(grantType string) string {
	switch grantType {
	case oauth.GrantPassword:
		return iam.EventLoginError
	case oauth.GrantRefreshToken:
		return iam.EventRefreshError
	default:
		return iam.EventClientLoginError
	}
}

// event starts an event of the moment.
func (s *Service) event(realm *token.Realm, kind string, at int64, from netip.Addr) iam.Event {
	ev := iam.Event{ID: s.newID(), At: at, RealmID: realm.Realm.ID, Type: kind}
	if from.IsValid() {
		ev.Address = from.Unmap().String()
	}
	return ev
}

// note records an event that goes with no change, as well as it can: trouble
// in doing so must not change the answer.
func (s *Service) note(ctx context.Context, ev iam.Event) {
	if err := s.store.RecordEvent(ctx, ev); err != nil {
		s.log.WarnContext(ctx, "event not recorded", "type", ev.Type, "error_id", ev.ID, "err", err)
	}
}

// clientRefused records a wrong secret. An unknown client is not recorded: its
// name could be anything, as often as anyone likes.
func (s *Service) clientRefused(ctx context.Context, realm *token.Realm, r Request, kind string, refused *oauth.Error) *oauth.Error {
	if refused.Fault != oauth.ClientBadSecret {
		return refused
	}
	ev := s.event(realm, kind, s.now().UnixMilli(), r.Address)
	ev.ClientID, _, _ = credentials(r)
	ev.Error = "invalid_client_credentials"
	s.note(ctx, ev)
	return refused.WithID(ev.ID)
}
