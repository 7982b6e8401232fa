package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// deprecated is when the JSON login gave way to OpenID Connect, 2018-01-22
// (RFC 9745 section 2.1).
const deprecated = "@1516579200"

// mountLegacy puts the JSON login on mux: the same sessions and the same checks
// as the token endpoint with client "anonymous", in other clothes. Like every
// path of the API it may have a slash too many.
func (s *Server) mountLegacy(mux *http.ServeMux) {
	for pattern, h := range map[string]web.Handler{
		"/v1/vms/auth/login":                        s.legacyLogin,
		"/v1/vms/auth/refresh/{videoManagerId}":     s.legacyRefresh,
		"/v1/vms/auth/login/{$}":                    s.legacyLogin,
		"/v1/vms/auth/refresh/{videoManagerId}/{$}": s.legacyRefresh,
	} {
		mux.Handle(pattern, web.Methods(s.kit, web.Legacy, map[string]http.Handler{
			http.MethodPost:    web.Legacy(s.kit, s.legacy(h)),
			http.MethodOptions: web.Preflight(s.kit, http.MethodPost),
		}))
	}
}

// legacy wraps a handler of the JSON login: what is to be read in every answer,
// and one status for every refused login, by which its clients know it.
func (s *Server) legacy(h web.Handler) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Reply, error) {
		reply, err := h(ctx, r)
		reply.Header = with(web.AnyOrigin(r.Request), "Deprecation", deprecated)
		if realm, ok := s.realms(s.apiRealm); ok {
			reply.Header.Set("Link", "<"+protocolBase(realm)+"/token>; rel=\"successor-version\"")
		}
		return reply, legacyError(err)
	}
}

// legacyError makes 401 of every refusal that a token endpoint would answer
// with 400 or 401, keeping its text and its hint unless that speaks of forms.
func legacyError(err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Fault {
	case oauth.NoUsername:
		return refused.WithHint("Send the member username.").WithStatus(http.StatusUnauthorized)
	case oauth.NoRefreshToken:
		return refused.WithHint("Send the member refreshToken.").WithStatus(http.StatusUnauthorized)
	case oauth.WrongCredentials:
		return refused.WithHint("Check user name and password.").WithStatus(http.StatusUnauthorized)
	case oauth.RefreshInvalid:
		return refused.WithHint("Send the refreshToken of an earlier answer unchanged, or log in again.").WithStatus(http.StatusUnauthorized)
	case oauth.AccountDisabled, oauth.AccountNotSetUp, oauth.DirectGrantOff, oauth.ConsentRequired,
		oauth.ClientUnknown, oauth.ClientBadSecret, oauth.ClientWrongProtocol, oauth.ClientBearerOnly,
		oauth.RefreshWrongIssuer, oauth.RefreshStale, oauth.RefreshExpired, oauth.RefreshWrongClient,
		oauth.SessionNotActive, oauth.UserDisabled, oauth.RefreshOlderThanSession, oauth.ClientSessionMissing,
		oauth.ClientSessionNotActive, oauth.RefreshOlderThanClientSession, oauth.RefreshReused:
		return refused.WithStatus(http.StatusUnauthorized)
	default:
		return err
	}
}

// legacyAnswer is the login's answer. ValidForVideoManager is the VideoManager
// the client asked for, or the user's first one; 0 when there is none.
type legacyAnswer struct {
	AccessToken          string        `json:"accessToken"`
	RefreshToken         string        `json:"refreshToken"`
	VideoManagerList     []legacyEntry `json:"videoManagerList"`
	ValidForVideoManager int64         `json:"validForVideoManager"`
}

type legacyEntry struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	UUID string `json:"uuid"`
}

// legacyLogin takes {"username","password"}. An Authorization header is
// ignored: one client sends an empty one.
func (s *Server) legacyLogin(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := readLenient(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	realm, answer, err := s.legacyGrant(ctx, r, oauth.NewForm(
		"client_id", iam.AnonymousClient, "grant_type", oauth.GrantPassword, "scope", token.ScopeOpenID,
		"username", in.Username, "password", in.Password))
	if err != nil {
		return web.Reply{}, err
	}
	claims, err := realm.Parse(answer.AccessToken, token.KindAccess)
	if err != nil {
		return web.Reply{}, err
	}
	list, err := s.videos.VideoManagersOf(ctx, realm.Realm.ID, claims.Subject)
	if err != nil {
		return web.Reply{}, err
	}
	var first int64
	if len(list) > 0 {
		first = list[0].ID
	}
	return web.Reply{Body: legacyBody(answer, list, first)}, nil
}

// legacyRefresh takes {"refreshToken"}; the path names the VideoManager the
// answer is for, which must be one of the user's.
func (s *Server) legacyRefresh(ctx context.Context, r *web.Request) (web.Reply, error) {
	id, err := strconv.ParseInt(r.PathValue("videoManagerId"), 10, 64)
	if err != nil || id <= 0 {
		return web.Reply{}, oauth.RefuseArg(oauth.BadRequest, "The VideoManager id in the path is not a number")
	}
	var in struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := readLenient(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	form := oauth.NewForm(
		"client_id", iam.AnonymousClient, "grant_type", oauth.GrantRefreshToken, "refresh_token", in.RefreshToken)
	list, err := s.listFor(ctx, r, form, id)
	if err != nil {
		return web.Reply{}, err
	}
	_, answer, err := s.legacyGrant(ctx, r, form)
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: legacyBody(answer, list, id)}, nil
}

// listFor returns the VideoManagers of a refresh token's user and refuses when
// id is none of them. It runs before the refresh, so that a wrong id costs
// nobody a token; a token that cannot be read is left for the refresh to refuse.
// Who holds a dead token hears only that it is dead, not whose member its user is.
func (s *Server) listFor(ctx context.Context, r *web.Request, form *oauth.Form, id int64) ([]api.VideoManager, error) {
	realm, err := s.realmNamed(s.apiRealm)
	if err != nil {
		return nil, err
	}
	claims, err := realm.Parse(form.Get("refresh_token"), token.KindRefresh, token.KindOffline)
	if err != nil {
		return nil, nil // the refresh says why, and writes the event
	}
	list, err := s.videos.VideoManagersOf(ctx, realm.Realm.ID, claims.Subject)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID == id {
			return list, nil
		}
	}
	if err := s.grants.CheckRefresh(ctx, realm, legacyRequest(r, form)); err != nil {
		return nil, err
	}
	return nil, oauth.RefuseArg(oauth.LegacyLoginRefused, "No access to VideoManager "+strconv.FormatInt(id, 10)).
		WithHint("Use the id of one of the user's VideoManagers.")
}

// legacyGrant asks the token endpoint's service, so that no check is missing
// here that stands there.
func (s *Server) legacyGrant(ctx context.Context, r *web.Request, form *oauth.Form) (*token.Realm, *grant.Answer, error) {
	realm, err := s.realmNamed(s.apiRealm)
	if err != nil {
		return nil, nil, err
	}
	res, err := s.grants.Token(ctx, realm, legacyRequest(r, form))
	if err != nil {
		return nil, nil, err
	}
	return realm, res.Answer, nil
}

func legacyRequest(r *web.Request, form *oauth.Form) grant.Request {
	return grant.Request{Form: form, Address: r.Address, Secure: r.Secure}
}

func legacyBody(answer *grant.Answer, list []api.VideoManager, validFor int64) legacyAnswer {
	entries := make([]legacyEntry, len(list))
	for i, vm := range list {
		entries[i] = legacyEntry{ID: vm.ID, Name: vm.Name, UUID: vm.UUID}
	}
	return legacyAnswer{
		AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken,
		VideoManagerList: entries, ValidForVideoManager: validFor,
	}
}

// readLenient reads a JSON object of whatever declared media type: the vendor's
// own examples have single quotes, and are pasted without a Content-Type.
func readLenient(r *http.Request, into any) error {
	body, err := web.ReadBody(r)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) { // the decoder would put other characters in place, in a password too
		return notJSON()
	}
	if json.Unmarshal(body, into) == nil {
		return nil
	}
	if err := json.Unmarshal(doubleQuoted(body), into); err != nil {
		return notJSON()
	}
	return nil
}

func notJSON() error {
	return oauth.RefuseArg(oauth.BadRequest, "Cannot parse the JSON").
		WithHint("Send a JSON object whose members are strings.")
}
