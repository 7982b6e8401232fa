package grant

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// serviceAccountPrefix begins the user name of a client's service account.
const serviceAccountPrefix = "service-account-"

// clientCredentials serves RFC 6749 section 4.4: an access token for the
// client's own account, without a session and without a refresh token.
func (s *Service) clientCredentials(ctx context.Context, realm *token.Realm, client *iam.Client, r Request) (*Answer, error) {
	switch {
	case client.Public:
		return nil, oauth.Refuse(oauth.ServiceAccountPublic)
	case !client.ServiceAccounts:
		return nil, oauth.Refuse(oauth.ServiceAccountOff)
	}
	user, err := s.store.UserByName(ctx, realm.Realm.ID, iam.CanonicalName(serviceAccountPrefix+client.ClientID))
	switch {
	case errors.Is(err, iam.ErrNotFound), err == nil && user.ServiceAccountOf != client.ClientID:
		return nil, oauth.Refuse(oauth.ServiceAccountMissing)
	case err != nil:
		return nil, err
	case !user.Enabled:
		return nil, oauth.RefuseArg(oauth.ServiceAccountDisabled, user.Username)
	}
	scopes, err := token.ResolveScopes(realm.RealmConfig, client, online(r.Form.Get("scope")))
	if err != nil {
		return nil, err
	}
	at := s.now().UnixMilli()
	ev := s.event(realm, iam.EventClientLogin, at, r.Address)
	ev.ClientID, ev.UserID = client.ClientID, user.ID
	ev.Details = map[string]string{
		"username": user.Username, "auth_method": "client_credentials",
		"grant_type": oauth.GrantClientCredentials, "scope": scopes.Public,
	}
	if err := s.store.RecordEvent(ctx, ev); err != nil {
		return nil, err
	}
	i := issue{
		realm: realm, client: client, user: &user, at: at, scopes: scopes, openID: scopes.OpenID, service: true,
		address: r.Address, terms: iam.TermsOf(&realm.Realm, client, &iam.UserSession{StartedAt: at}, at).Sessionless(),
	}
	return s.mint(ctx, &i)
}
