package grant

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// Logout ends the whole user session of a refresh token, all clients of it.
// It is idempotent, and takes an expired token: whoever held it may still wish
// to leave. The answer is empty.
func (s *Service) Logout(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	res, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) { return s.logoutPhases(ctx, realm, r) })
	return res, s.counted("logout", err)
}

func (s *Service) logoutPhases(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	res, err := s.enter(ctx, realm, r, iam.EventLogoutError)
	if err != nil {
		return res, err
	}
	raw := r.Form.Get("refresh_token")
	if raw == "" {
		return res, oauth.Refuse(oauth.NoRefreshToken)
	}
	claims, err := realm.Parse(raw, token.KindRefresh)
	if errors.Is(err, iam.ErrUnavailable) { // the key may be one that is damaged
		return res, err
	}
	if err != nil {
		return res, oauth.Refuse(oauth.RefreshInvalid).Because(err).WithHint(parseHint(err))
	}
	switch {
	case claims.Issuer != realm.Issuer:
		return res, oauth.Refuse(oauth.RefreshInvalid)
	case claims.AuthorizedParty != res.Client.ClientID:
		return res, oauth.Refuse(oauth.LogoutWrongClient)
	}
	at := s.now().UnixMilli()
	entries, err := s.store.EndSession(ctx, realm.Realm.ID, claims.SessionID, at, at+realm.LongestAccess(),
		s.endEvent(realm, res.Client, claims, r, iam.EventLogout, at))
	if errors.Is(err, iam.ErrNotFound) {
		return res, nil
	}
	if err != nil {
		return res, err
	}
	s.feed.Apply(entries...)
	s.metrics.Session("logout")
	return res, nil
}
