package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// refreshErrors are Keycloak's event error names by fault; others are invalid_token.
var refreshErrors = map[oauth.Fault]string{
	oauth.SessionNotActive:       "user_session_not_found",
	oauth.ClientSessionMissing:   "user_session_not_found",
	oauth.ClientSessionNotActive: "session_expired",
	oauth.RefreshExpired:         "expired_token",
	oauth.UserDisabled:           "user_disabled",
	oauth.InvalidScope:           "invalid_request",
	oauth.ConsentWithdrawn:       "not_allowed",
}

// refreshEvent starts an event about an authentic refresh token.
func (s *Service) refreshEvent(r *refreshing, kind string) *iam.Event {
	ev := s.event(r.realm, kind, r.view.At, r.grant.Address)
	ev.ClientID, ev.UserID, ev.SessionID = r.client.ClientID, r.claims.Subject, r.claims.SessionID
	ev.Details = map[string]string{"grant_type": oauth.GrantRefreshToken, "refresh_token_id": r.claims.ID}
	return &ev
}

// refreshRefused records why an authentic refresh token was refused. Nothing
// changes, so the record is best effort.
func (s *Service) refreshRefused(ctx context.Context, r *refreshing, refused *oauth.Error) *oauth.Error {
	ev := s.refreshEvent(r, iam.EventRefreshError)
	ev.Error, ev.Details["reason"] = "invalid_token", string(refused.Fault)
	if name, ok := refreshErrors[refused.Fault]; ok {
		ev.Error = name
	}
	s.note(ctx, *ev)
	return refused.WithID(ev.ID)
}

// parseHint says what is wrong with a refresh token that is none.
func parseHint(err error) string {
	switch {
	case errors.Is(err, token.ErrKind):
		return "Send the refresh_token of the last answer; this is a token of another kind."
	case errors.Is(err, token.ErrKey):
		return "Log in again; this token is of another server or its key is gone."
	case errors.Is(err, token.ErrSignature):
		return "Send the refresh_token unchanged; its signature does not fit."
	default:
		return "Send the refresh_token whole and unchanged: three parts divided by dots."
	}
}

// expiredHint names the moment and the setting that decided it.
func (r *refreshing) expiredHint() string {
	c, l := r.claims, &r.realm.Realm.Lifetimes
	life := c.ExpiresAt - c.IssuedAt
	setting := "the client's session idle or maximum setting"
	switch {
	case life == int64(l.SessionIdle):
		setting = "ssoSessionIdleTimeout"
	case l.SessionMax > 0 && life < int64(l.SessionIdle):
		setting = "ssoSessionMaxLifespan"
	}
	return fmt.Sprintf("Log in again; this refresh token expired at %s, %d s after it was issued (%s). Refresh before that.",
		clock(c.ExpiresAt), life, setting)
}

func overHint(setting string, startedAt int64) string {
	return fmt.Sprintf("Log in again; the session began at %s and has reached its maximum (%s).", clock(startedAt/1000), setting)
}

func staleHint(what string, notBefore int64) string {
	return fmt.Sprintf("Log in again; tokens issued before %s were revoked (not-before of the %s).", clock(notBefore), what)
}

func deadHint(f *iam.Family) string {
	return fmt.Sprintf("Log in again; this login's refresh tokens were revoked at %s because one was used again after it had been replaced.",
		clock(f.RevokedAt/1000))
}

func reuseHint(reason string) string {
	if reason == iam.ReuseSuperseded {
		return "Log in again, and let one process refresh; this refresh token was replaced when an older one was used again."
	}
	return "Log in again, and store the refresh_token of every answer; this one had been replaced and used again, so the login's tokens were revoked."
}
