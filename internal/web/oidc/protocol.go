package oidc

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// answer is a grant method: it takes a form and says what came of it.
type answer func(ctx context.Context, realm *token.Realm, r grant.Request) (grant.Result, error)

// form reads the realm and the form, calls do, and decides about CORS.
func (s *Server) form(ctx context.Context, r *web.Request, do answer) (grant.Result, http.Header, error) {
	realm, err := s.realm(r)
	if err != nil {
		return grant.Result{}, nil, err
	}
	form, err := web.ReadForm(r.Request)
	if err != nil {
		return grant.Result{}, nil, err
	}
	res, err := do(ctx, realm, grant.Request{
		Form: form, Basic: web.Basic(r.Request), Address: r.Address, Secure: r.Secure,
	})
	return res, origins(r, res, err), switched(realm, err)
}

// origins returns the CORS headers of an answer: the client's own origins once
// it is known, any origin for what is refused before for reasons of the realm
// or the client.
func origins(r *web.Request, res grant.Result, err error) http.Header {
	if res.Client != nil {
		return web.ClientOrigin(r.Request, res.Client)
	}
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return nil
	}
	switch refused.Fault {
	case oauth.HTTPSRequired, oauth.RealmDisabled, oauth.ClientUnknown, oauth.ClientBadSecret, oauth.ClientConflict:
		return web.AnyOrigin(r.Request)
	default:
		return nil
	}
}

// switched applies the realm's switches that change only a status.
func switched(realm *token.Realm, err error) error {
	var refused *oauth.Error
	if realm.Realm.WrongPasswordIs400 && errors.As(err, &refused) && refused.Fault == oauth.WrongCredentials {
		return refused.WithStatus(http.StatusBadRequest)
	}
	return err
}

// token is the token endpoint (RFC 6749 section 3.2).
func (s *Server) token(ctx context.Context, r *web.Request) (web.Reply, error) {
	res, header, err := s.form(ctx, r, s.grants.Token)
	return web.Reply{Header: header, Body: res.Answer}, err
}

// introspect is RFC 7662 in Keycloak's shape.
func (s *Server) introspect(ctx context.Context, r *web.Request) (web.Reply, error) {
	res, header, err := s.form(ctx, r, s.grants.Introspect)
	return web.Reply{Header: with(header, "Cache-Control", "no-cache"), Body: res.Body}, err
}

// emptyPolicy is what Keycloak sends with the empty answer of revoke.
const emptyPolicy = "frame-src 'self'; frame-ancestors 'self'; object-src 'none';"

// revoke is RFC 7009.
func (s *Server) revoke(ctx context.Context, r *web.Request) (web.Reply, error) {
	_, header, err := s.form(ctx, r, s.grants.Revoke)
	return web.Reply{Header: with(header, "Content-Security-Policy", emptyPolicy)}, err
}

// logout ends the user session of a refresh token: Keycloak's form for programs.
func (s *Server) logout(ctx context.Context, r *web.Request) (web.Reply, error) {
	_, header, err := s.form(ctx, r, s.grants.Logout)
	return web.Reply{Status: http.StatusNoContent, Header: with(header, "Cache-Control", "no-cache")}, err
}

// userInfo is OpenID Connect Core section 5.3.
func (s *Server) userInfo(ctx context.Context, r *web.Request) (web.Reply, error) {
	refused := web.Reply{Header: web.AnyOrigin(r.Request)}
	realm, err := s.realm(r)
	if err != nil {
		return refused, err
	}
	raw, err := accessToken(r.Request)
	if err != nil {
		return refused, err
	}
	res, err := s.grants.UserInfo(ctx, realm, grant.Request{Address: r.Address, Secure: r.Secure}, raw)
	if err != nil {
		return refused, err
	}
	if res.Client == nil {
		return web.Reply{Header: refused.Header, Body: res.Body}, nil
	}
	return web.Reply{Header: web.ClientOrigin(r.Request, res.Client), Body: res.Body}, nil
}

// accessToken takes the token from the Authorization header or the form field
// access_token (RFC 6750 sections 2.1 and 2.2); from both is an error.
func accessToken(r *http.Request) (string, error) {
	inForm := ""
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		// Some clients post an empty JSON document beside the header: only a form
		// that can be read is looked into.
		form, err := web.ReadForm(r)
		if refused := web.AsError(err); err != nil && refused.Fault != oauth.WrongMediaType {
			return "", err
		}
		if err == nil {
			inForm = form.Get("access_token")
		}
	}
	inHeader, err := web.BearerToken(r)
	switch {
	case inForm == "":
		return inHeader, err
	case err == nil || web.AsError(err).Fault != oauth.BearerMissing:
		return "", oauth.Refuse(oauth.BearerTwice)
	default:
		return inForm, nil
	}
}

// with sets one header, making the map when there is none.
func with(h http.Header, name, value string) http.Header {
	if h == nil {
		h = make(http.Header, 1)
	}
	h.Set(name, value)
	return h
}
