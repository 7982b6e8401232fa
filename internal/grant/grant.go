package grant

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// maxTokenParameter bounds parameters that carry a token, in bytes; longer ones
// are refused by name. Other parameters above maxParameter count as absent.
const (
	maxTokenParameter = 20_000
	maxParameter      = 4_000
)

// tokenParameters are the parameters that carry a token.
var tokenParameters = [...]string{
	"refresh_token", "token", "subject_token", "actor_token", "assertion", "client_assertion", "id_token_hint", "code",
}

// Token answers the token endpoint (RFC 6749 section 3.2). The phases and their
// order are Keycloak's: TLS, realm, grant type, client, repeated parameters,
// sizes, then the grant itself.
func (s *Service) Token(ctx context.Context, realm *token.Realm, r Request) (Result, error) {
	grantType := r.Form.Get("grant_type")
	res, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) {
		return s.tokenPhases(ctx, realm, r, grantType)
	})
	return res, s.counted(grantLabel(grantType), err)
}

// CheckRefresh says whether Token would take the refresh token of r. It refuses
// as Token does, with the same events and, for a reused token, the same end of
// its family; a token that would be taken stays as good as it was.
func (s *Service) CheckRefresh(ctx context.Context, realm *token.Realm, r Request) error {
	r.judgeOnly = true
	_, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) {
		return s.tokenPhases(ctx, realm, r, oauth.GrantRefreshToken)
	})
	if err == nil {
		return nil
	}
	return s.counted(oauth.GrantRefreshToken, err)
}

// withKeys runs an endpoint, and once more with the newest configuration when
// a token names a key that this node has not heard of. Tokens are read before
// anything is written, so nothing is done twice.
func (s *Service) withKeys(ctx context.Context, realm *token.Realm, run func(*token.Realm) (Result, error)) (Result, error) {
	res, err := run(realm)
	if s.reread == nil || !errors.Is(err, token.ErrKey) {
		return res, err
	}
	newer, ok := s.reread(ctx, realm)
	if !ok {
		return res, err
	}
	return run(newer)
}

func (s *Service) tokenPhases(ctx context.Context, realm *token.Realm, r Request, grantType string) (Result, error) {
	if refused := admit(realm, r); refused != nil {
		return Result{}, refused
	}
	if grantLabel(grantType) == otherGrant {
		return Result{}, unknownGrant(r.Form, grantType)
	}
	client, refused := authenticate(realm, r)
	if refused != nil {
		return Result{}, s.clientRefused(ctx, realm, r, loginErrorOf(grantType), refused)
	}
	res := Result{Client: client}
	if refused := firstOf(usable(client), wellFormed(r.Form)); refused != nil {
		return res, refused
	}
	answer, err := s.dispatch(ctx, realm, client, r, grantType)
	res.Answer = answer
	return res, err
}

func (s *Service) dispatch(ctx context.Context, realm *token.Realm, client *iam.Client, r Request, grantType string) (*Answer, error) {
	switch grantType {
	case oauth.GrantPassword:
		answer, err := s.password(ctx, realm, client, passwordLogin{
			Username: ordinary(r.Form, "username"),
			Password: r.Form.Get("password"), // an over-long one is wrong, not absent
			Scope:    online(r.Form.Get("scope")),
			Address:  r.Address,
		})
		return answer, passwordHint(r.Form, err)
	case oauth.GrantRefreshToken:
		return s.refresh(ctx, realm, client, refreshGrant{
			Token:   r.Form.Get("refresh_token"),
			Scope:   online(r.Form.Get("scope")),
			Address: r.Address,

			judgeOnly: r.judgeOnly,
		})
	default:
		return s.clientCredentials(ctx, realm, client, r)
	}
}

// admit checks what holds for every endpoint before the client is known.
func admit(realm *token.Realm, r Request) *oauth.Error {
	switch {
	case !r.Secure && realm.Realm.NeedsTLS(r.Address):
		return oauth.Refuse(oauth.HTTPSRequired)
	case !realm.Realm.Enabled:
		return oauth.Refuse(oauth.RealmDisabled)
	default:
		return nil
	}
}

// otherGrant labels every grant type that is not served.
const otherGrant = "other"

func grantLabel(grantType string) string {
	switch grantType {
	case oauth.GrantPassword, oauth.GrantRefreshToken, oauth.GrantClientCredentials:
		return grantType
	default:
		return otherGrant
	}
}

func unknownGrant(f *oauth.Form, grantType string) *oauth.Error {
	if grantType == "" {
		return padded(f, oauth.Refuse(oauth.NoGrantType))
	}
	return oauth.Refuse(oauth.UnknownGrantType)
}

// wellFormed refuses repeated and over-long parameters.
func wellFormed(f *oauth.Form) *oauth.Error {
	if name, ok := f.Duplicate(); ok {
		return padded(f, oauth.RefuseArg(oauth.DuplicateParameter, name))
	}
	for _, name := range tokenParameters {
		if len(f.Get(name)) > maxTokenParameter {
			return oauth.RefuseArg(oauth.ParameterTooLong, name)
		}
	}
	return nil
}

// ordinary reads a parameter that carries no token; an over-long one counts as
// absent, as in Keycloak. The scope parameter has bounds of its own.
func ordinary(f *oauth.Form, name string) string {
	if v := f.Get(name); len(v) <= maxParameter {
		return v
	}
	return ""
}

func firstOf(refusals ...*oauth.Error) *oauth.Error {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

// counted turns whatever went wrong into an *oauth.Error and counts it.
func (s *Service) counted(label string, err error) error {
	if err == nil {
		s.metrics.Grant(label, "ok")
		return nil
	}
	refused := refusal(err)
	s.metrics.Grant(label, string(refused.Fault))
	return refused
}

// storageRetry is the Retry-After of an answer that storage trouble prevented.
const storageRetry = 1

// refusal makes an *oauth.Error of any error. Storage trouble, a caller that
// went away and a race lost too often are Unavailable, never a "no".
func refusal(err error) *oauth.Error {
	var refused *oauth.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, iam.ErrUnavailable), errors.Is(err, iam.ErrStale),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e := oauth.Refuse(oauth.Unavailable).Because(err)
		e.RetryAfter = storageRetry
		return e
	default:
		return oauth.Refuse(oauth.Internal).Because(err)
	}
}
