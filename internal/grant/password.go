package grant

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// passwordLogin is a password grant's parameters (RFC 6749 section 4.3.2).
type passwordLogin struct {
	Username, Password string
	Scope              string // "" for the client's default
	Address            netip.Addr
}

// loginTries is how often a login is judged when the user changes meanwhile.
const loginTries = 2

// password serves the password grant for a client that is authenticated. The
// order of checks is Keycloak's. Its error is an *oauth.Error.
func (s *Service) password(ctx context.Context, realm *token.Realm, client *iam.Client, p passwordLogin) (*Answer, error) {
	s.metrics.Password(clientKind(client))
	scopes, refused := passwordAllowed(realm, client, p)
	if refused != nil {
		return nil, refused
	}
	for try := 1; ; try++ {
		answer, err := s.login(ctx, realm, client, p, scopes)
		if err == nil {
			return answer, nil
		}
		if try == loginTries || !errors.Is(err, iam.ErrStale) {
			return nil, refusal(err)
		}
	}
}

// clientKind is the label of a client in metrics.
func clientKind(c *iam.Client) string {
	if c.Public {
		return "public"
	}
	return "confidential"
}

func passwordAllowed(realm *token.Realm, client *iam.Client, p passwordLogin) (token.Scopes, *oauth.Error) {
	switch {
	case !client.DirectAccessGrants:
		return token.Scopes{}, oauth.RefuseArg(oauth.DirectGrantOff, client.ClientID)
	case client.ConsentRequired:
		return token.Scopes{}, oauth.Refuse(oauth.ConsentRequired)
	}
	scopes, err := token.ResolveScopes(realm.RealmConfig, client, p.Scope)
	switch {
	case err != nil:
		return token.Scopes{}, refusal(err)
	case p.Username == "":
		return token.Scopes{}, oauth.Refuse(oauth.NoUsername)
	default:
		return scopes, nil
	}
}

// online is a scope parameter without offline_access, which every grant here
// ignores: there is no request for consent that could allow it (OpenID Connect
// Core section 11), and clients exist that always ask.
func online(scope string) string {
	items := strings.Split(scope, " ")
	return strings.Join(slices.DeleteFunc(items, func(s string) bool { return s == token.ScopeOfflineAccess }), " ")
}

// login checks the password, opens the session, then mints.
func (s *Service) login(ctx context.Context, realm *token.Realm, client *iam.Client, p passwordLogin, scopes token.Scopes) (*Answer, error) {
	attempt := iam.Attempt{
		Username: p.Username, Password: p.Password, Address: p.Address, ClientID: client.ClientID,
		EventID: s.newID(), Direct: true,
	}
	verified, err := s.auth.Authenticate(ctx, realm.RealmConfig, attempt)
	if err != nil {
		return nil, loginRefused(realm, attempt.EventID, err)
	}
	opening := s.opening(realm, client, p, scopes, &verified)
	fresh, err := s.fresh(realm, opening.terms, opening.at)
	if err != nil {
		return nil, err
	}
	login := opening.facts(s, fresh, &verified, p)
	if err := s.store.OpenLogin(ctx, login); err != nil {
		return nil, err
	}
	s.metrics.Session("opened")
	opening.family = login.Family
	if opening.refresh, err = currentOf(realm, login.Family); err != nil {
		return nil, err
	}
	return s.mint(ctx, opening)
}

// loginRefused maps what the authenticator said.
func loginRefused(realm *token.Realm, eventID string, err error) error {
	var busy iam.BusyError
	switch {
	case errors.Is(err, iam.ErrBadCredentials):
		refused := oauth.Refuse(oauth.WrongCredentials).WithID(eventID)
		if realm.Realm.WrongPasswordIs400 {
			refused = refused.WithStatus(400)
		}
		return refused
	case errors.Is(err, iam.ErrAccountDisabled):
		return oauth.Refuse(oauth.AccountDisabled).WithID(eventID)
	case errors.Is(err, iam.ErrAccountNotSetUp):
		return oauth.Refuse(oauth.AccountNotSetUp).WithID(eventID)
	case errors.As(err, &busy):
		fault := oauth.Busy
		if busy.Address {
			fault = oauth.TooManyFailures
		}
		refused := oauth.Refuse(fault).Because(err)
		refused.RetryAfter = busy.RetryAfter
		return refused
	default:
		return err
	}
}

// opening starts the issue of a new session.
func (s *Service) opening(realm *token.Realm, client *iam.Client, p passwordLogin, scopes token.Scopes, v *iam.Verified) *issue {
	at := s.now().UnixMilli()
	session := iam.UserSession{StartedAt: at}
	return &issue{
		realm: realm, client: client, user: &v.User, sessionID: s.newID(), at: at, address: p.Address,
		scopes: scopes, openID: scopes.OpenID, terms: iam.TermsOf(&realm.Realm, client, &session, at),
	}
}

// facts is everything the login writes at once.
func (i *issue) facts(s *Service, fresh iam.Fresh, v *iam.Verified, p passwordLogin) iam.Login {
	r := &i.realm.Realm
	ev := s.event(i.realm, iam.EventLogin, i.at, p.Address)
	ev.ClientID, ev.UserID, ev.SessionID = i.client.ClientID, i.user.ID, i.sessionID
	ev.Details = map[string]string{
		"username": iam.CanonicalName(p.Username), "auth_method": "oauth_credentials",
		"grant_type": oauth.GrantPassword, "scope": i.scopes.Public,
	}
	return iam.Login{
		Session: iam.UserSession{
			ID: i.sessionID, RealmID: r.ID, UserID: i.user.ID, StartedAt: i.at, LastRefresh: i.at,
			Address: ev.Address, Method: protocolOIDC, DeadAt: fresh.DeadAt,
		},
		ClientSession: iam.ClientSession{SessionID: i.sessionID, ClientID: i.client.ID, StartedAt: i.at},
		Family: &iam.Family{
			ID: s.newID(), RealmID: r.ID, SessionID: i.sessionID, ClientID: i.client.ID, UserID: i.user.ID,
			Scope: i.scopes.Full, Rotating: i.client.Rotates(r), Window: int64(r.RotationWindow) * 1000,
			MaxReuse: r.RefreshTokenMaxReuse, Recovery: i.client.RecoveryRule(),
			Salt: fresh.Salt, KeyID: fresh.KeyID, IssuedAt: fresh.IssuedAt, ExpiresAt: fresh.ExpiresAt, DeadAt: fresh.DeadAt,
		},
		ClearFailures: v.ClearFailures, Event: &ev, UserEpoch: v.User.Epoch,
	}
}
