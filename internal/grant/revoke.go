package grant

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// minRevoked is how long, in ms, a revoked access token is remembered at least.
const minRevoked = 10_000

// Revoke answers RFC 7009. A refresh token ends its client's part of the
// session, and the session with its last client; an access token is refused
// until its exp. The hint is ignored: the token says what it is.
func (s *Service) Revoke(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	res, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) { return s.revokePhases(ctx, realm, r) })
	return res, s.counted("revoke", err)
}

func (s *Service) revokePhases(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	res, err := s.enter(ctx, realm, r, iam.EventRevokeError)
	if err != nil {
		return res, err
	}
	raw := r.Form.Get("token")
	if raw == "" {
		return res, oauth.Refuse(oauth.RevokeNoToken)
	}
	claims, err := realm.Parse(raw)
	if errors.Is(err, iam.ErrUnavailable) { // the key may be one that is damaged
		return res, err
	}
	if err != nil || claims.Issuer != realm.Issuer {
		return res, oauth.Refuse(oauth.RevokeInvalidToken).Because(err)
	}
	switch {
	case claims.Type == token.KindID:
		return res, oauth.Refuse(oauth.RevokeTokenType)
	case claims.AuthorizedParty != res.Client.ClientID:
		return res, oauth.Refuse(oauth.RevokeOtherClient)
	case claims.ExpiredAt(s.now()):
		return res, oauth.Refuse(oauth.RevokeInvalidToken)
	case claims.Type == token.KindAccess:
		return res, s.revokeAccess(ctx, realm, res.Client, claims, r)
	default:
		return res, s.revokeRefresh(ctx, realm, res.Client, claims, r)
	}
}

// enter is what revocation and logout begin with: the token endpoint's phases
// but the grant type.
func (s *Service) enter(ctx context.Context, realm *token.Realm, r Request, failed string) (Result, error) {
	if refused := admit(realm, r); refused != nil {
		return Result{}, refused
	}
	client, refused := authenticate(realm, r)
	if refused != nil {
		return Result{}, s.clientRefused(ctx, realm, r, failed, refused)
	}
	res := Result{Client: client}
	if refused := firstOf(usable(client), wellFormed(r.Form)); refused != nil {
		return res, refused
	}
	return res, nil
}

func (s *Service) revokeAccess(ctx context.Context, realm *token.Realm, client *iam.Client, c *token.Claims, r Request) error {
	at := s.now().UnixMilli()
	until := max((c.ExpiresAt+1)*1000, at+minRevoked)
	entries, err := s.store.RevokeToken(ctx, realm.Realm.ID, c.ID, until, s.endEvent(realm, client, c, r, iam.EventRevoke, at))
	if err != nil {
		return err
	}
	s.feed.Apply(entries...)
	return nil
}

func (s *Service) revokeRefresh(ctx context.Context, realm *token.Realm, client *iam.Client, c *token.Claims, r Request) error {
	at := s.now().UnixMilli()
	until := at + iam.AccessLife(&realm.Realm, client)
	entries, err := s.store.EndClientSession(ctx, realm.Realm.ID, c.SessionID, client.ID, at, until,
		s.endEvent(realm, client, c, r, iam.EventRevoke, at))
	if errors.Is(err, iam.ErrNotFound) {
		return oauth.Refuse(oauth.RevokeInvalidToken)
	}
	if err != nil {
		return err
	}
	s.feed.Apply(entries...)
	change := "client_ended"
	if slices.ContainsFunc(entries, func(e iam.Revocation) bool { return e.Kind == iam.RevokeSession }) {
		change = "revoked"
	}
	s.metrics.Session(change)
	return nil
}

// endEvent is the audit line of a revocation or a logout.
func (s *Service) endEvent(realm *token.Realm, client *iam.Client, c *token.Claims, r Request, kind string, at int64) *iam.Event {
	ev := s.event(realm, kind, at, r.Address)
	ev.ClientID, ev.UserID, ev.SessionID = client.ClientID, c.Subject, c.SessionID
	ev.Details = map[string]string{"token_id": c.ID, "token_type": string(c.Type)}
	return &ev
}
