package grant

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// UserInfo answers OpenID Connect Core section 5.3 for an access token with the
// scope openid, with the JSON in Result.Body. Of r it asks only where it came
// from; its form is not needed.
func (s *Service) UserInfo(ctx context.Context, realm *token.Realm, r Request, raw string) (Result, error) {
	res, err := s.withKeys(ctx, realm, func(realm *token.Realm) (Result, error) { return s.userInfo(ctx, realm, r, raw) })
	return res, s.counted("userinfo", err)
}

func (s *Service) userInfo(ctx context.Context, realm *token.Realm, r Request, raw string) (Result, error) {
	if refused := admit(realm, r); refused != nil {
		return Result{}, refused
	}
	claims, err := realm.Parse(raw, token.KindAccess)
	if errors.Is(err, iam.ErrUnavailable) { // the key may be one that is damaged
		return Result{}, err
	}
	if err != nil {
		return Result{}, oauth.RefuseArg(oauth.BearerInvalid, string(badToken)).Because(err)
	}
	j, v, err := s.judge(ctx, realm, claims)
	if err != nil {
		return Result{}, err
	}
	if v == live && j.view == nil {
		v = sessionNotFound // a service account's token is no login of a person
	}
	res := Result{Client: j.client}
	if v != live {
		return res, oauth.RefuseArg(oauth.BearerInvalid, string(v))
	}
	if !slices.Contains(strings.Fields(claims.Scope), token.ScopeOpenID) {
		return res, oauth.RefuseArg(oauth.BearerScope, token.ScopeOpenID)
	}
	s.seen(&j)
	scopes := token.GrantedScopes(realm.RealmConfig, j.client, claims.Scope)
	res.Body = token.UserInfo(realm, j.client, j.user, scopes)
	return res, nil
}
