package oidc

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// Grants is what the endpoints ask of package grant. Errors are *oauth.Error;
// Result.Client is set as soon as it is known, on errors too.
type Grants interface {
	Token(ctx context.Context, realm *token.Realm, r grant.Request) (grant.Result, error)
	CheckRefresh(ctx context.Context, realm *token.Realm, r grant.Request) error
	Introspect(ctx context.Context, realm *token.Realm, r grant.Request) (grant.Result, error)
	Revoke(ctx context.Context, realm *token.Realm, r grant.Request) (grant.Result, error)
	Logout(ctx context.Context, realm *token.Realm, r grant.Request) (grant.Result, error)
	UserInfo(ctx context.Context, realm *token.Realm, r grant.Request, raw string) (grant.Result, error)
}

// VideoManagers tells what the JSON login lists: the VideoManagers whose member
// a user is, by id.
type VideoManagers interface {
	VideoManagersOf(ctx context.Context, realmID, userID string) ([]api.VideoManager, error)
}

// Config is what a Server is made of. Kit, Realm, Grants and Now must be set.
type Config struct {
	Kit   *web.Kit
	Realm func(name string) (*token.Realm, bool)
	// NoRealm, where set, is why a realm may be missing: nil, or trouble.
	NoRealm func() error
	// Grants answers the token endpoint and its neighbours.
	Grants Grants
	// VideoManagers serves the JSON login; nil: it is not mounted.
	VideoManagers VideoManagers
	Now           func() time.Time
	// APIBase is the public URL of the video API, such as
	// "https://api.example.com/v1/". Empty: nothing is served on the API root.
	APIBase string
	// APIRealm is the realm that WebFinger leads to and the JSON login uses; ""
	// for the default one.
	APIRealm string
	// Issuers lists the issuers whose tokens the API takes, that of APIRealm
	// first; nil: none is named.
	Issuers func() []string
}

// Server holds the endpoints. Every URL it states comes from a realm's issuer
// or from the configuration, never from the request.
type Server struct {
	kit       *web.Kit
	realms    func(name string) (*token.Realm, bool)
	noRealm   func() error
	grants    Grants
	videos    VideoManagers
	now       func() time.Time
	apiBase   string
	apiRealm  string
	issuers   func() []string
	documents documents
}

// New makes a Server.
func New(c Config) *Server {
	s := &Server{
		kit: c.Kit, realms: c.Realm, noRealm: c.NoRealm, grants: c.Grants, videos: c.VideoManagers,
		now: c.Now, apiBase: c.APIBase, apiRealm: c.APIRealm, issuers: c.Issuers,
	}
	if s.issuers == nil {
		s.issuers = func() []string { return nil }
	}
	if s.apiRealm == "" {
		s.apiRealm = iam.DefaultRealm
	}
	if s.apiBase != "" && !strings.HasSuffix(s.apiBase, "/") {
		s.apiBase += "/"
	}
	return s
}

// prefixes are the two bases under which a realm is served; its issuer names
// the first whatever base a request used.
var prefixes = [...]string{"/auth/realms/{realm}", "/realms/{realm}"}

// MountLogin puts the login service on mux, under both prefixes.
func (s *Server) MountLogin(mux *http.ServeMux) {
	routes := s.loginRoutes()
	for _, prefix := range prefixes {
		for path, h := range routes {
			mux.Handle(prefix+path, h)
			mux.Handle(prefix+path+"/{$}", h)
		}
		mux.Handle(prefix+"/{rest...}", web.OAuth(s.kit, s.unknownPath))
		// RFC 8414 section 3.1 puts the well-known part before the issuer's path.
		mux.Handle("/.well-known/oauth-authorization-server"+prefix, s.wellKnown(s.discovery))
		mux.Handle("/.well-known/openid-configuration"+prefix, s.wellKnown(s.discovery))
	}
	mux.Handle("GET "+web.ErrorDocsPath+"{fault}", web.ErrorDoc(s.kit))
}

// loginRoutes are the endpoints below a realm's base.
func (s *Server) loginRoutes() map[string]http.Handler {
	const protocol = "/protocol/openid-connect"
	return map[string]http.Handler{
		"":                                  s.methods(web.OAuth, map[string]web.Handler{http.MethodGet: s.realmInfo}),
		"/.well-known/openid-configuration": s.wellKnown(s.discovery),
		"/.well-known/oauth-authorization-server": s.wellKnown(s.discovery),
		protocol + "/certs":                       s.methods(web.OAuth, map[string]web.Handler{http.MethodGet: s.certs}),
		protocol + "/token":                       s.methods(web.OAuth, map[string]web.Handler{http.MethodPost: s.token}),
		protocol + "/token/introspect":            s.methods(web.OAuth, map[string]web.Handler{http.MethodPost: s.introspect}),
		protocol + "/userinfo":                    s.methods(web.UserInfo, map[string]web.Handler{http.MethodGet: s.userInfo, http.MethodPost: s.userInfo}),
		protocol + "/logout":                      s.methods(web.OAuth, map[string]web.Handler{http.MethodPost: s.logout}),
		protocol + "/revoke":                      s.methods(web.OAuth, map[string]web.Handler{http.MethodPost: s.revoke}),
	}
}

// methods adapts handlers by method and adds the preflight for them.
func (s *Server) methods(adapt web.Adapter, handlers map[string]web.Handler) http.Handler {
	adapted := make(map[string]http.Handler, len(handlers)+1)
	var names []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		if h, ok := handlers[m]; ok {
			adapted[m] = adapt(s.kit, h)
			names = append(names, m)
		}
	}
	adapted[http.MethodOptions] = web.Preflight(s.kit, names...)
	return web.Methods(s.kit, web.OAuth, adapted)
}

// wellKnown serves a document; Keycloak knows no other method there and says
// 404 to it.
func (s *Server) wellKnown(h web.Handler) http.Handler {
	get, preflight := web.OAuth(s.kit, h), web.Preflight(s.kit, http.MethodGet)
	other := web.OAuth(s.kit, func(context.Context, *web.Request) (web.Reply, error) {
		return web.Reply{}, oauth.RefuseArg(oauth.NotFound, "HTTP 404 Not Found")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			get.ServeHTTP(w, r)
		case http.MethodOptions:
			preflight.ServeHTTP(w, r)
		default:
			other.ServeHTTP(w, r)
		}
	})
}

// realm finds the realm that the path names.
func (s *Server) realm(r *web.Request) (*token.Realm, error) {
	return s.realmNamed(r.PathValue("realm"))
}

func (s *Server) realmNamed(name string) (*token.Realm, error) {
	realm, ok := s.realms(name)
	switch {
	case ok:
		return realm, nil
	case s.noRealm == nil:
		return nil, oauth.Refuse(oauth.NoRealm)
	}
	if err := s.noRealm(); err != nil {
		return nil, err
	}
	return nil, oauth.Refuse(oauth.NoRealm)
}

// enabled finds the realm for a public document.
func (s *Server) enabled(r *web.Request) (*token.Realm, error) {
	realm, err := s.realm(r)
	if err != nil {
		return nil, err
	}
	if !realm.Realm.Enabled {
		return nil, oauth.Refuse(oauth.RealmDisabled)
	}
	return realm, nil
}

// unknownPath tells an unknown realm from an unknown path below a known one.
func (s *Server) unknownPath(_ context.Context, r *web.Request) (web.Reply, error) {
	if _, err := s.realm(r); err != nil {
		return web.Reply{}, err
	}
	return web.Reply{}, oauth.Refuse(oauth.NotFound)
}
