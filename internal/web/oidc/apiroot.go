package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// rootLife is how long the documents on the API root may be kept.
const rootLife = time.Hour

// issuerRel is WebFinger's relation for an OpenID provider (OpenID Connect
// Discovery section 2).
const issuerRel = "http://openid.net/specs/connect/1.0/issuer"

// MountAPI puts on mux what belongs to the API's side: WebFinger, the
// protected-resource metadata, and the JSON login.
func (s *Server) MountAPI(mux *http.ServeMux) {
	if s.apiBase != "" {
		mux.Handle("/.well-known/webfinger", s.document(s.webFinger))
		// RFC 9728 section 3.1 puts the well-known part before the resource's path;
		// each spelling of the resource has a document that names it so.
		root := strings.TrimSuffix(s.apiBase, "/v1/")
		for path, resource := range map[string]string{"": root, "/v1": root + "/v1", "/v1/{$}": s.apiBase} {
			mux.Handle("/.well-known/oauth-protected-resource"+path, s.document(s.protectedResource(resource)))
		}
	}
	if s.videos != nil {
		s.mountLegacy(mux)
	}
}

// document serves GET in the API's dialect.
func (s *Server) document(h web.Handler) http.Handler {
	return web.Methods(s.kit, web.API, map[string]http.Handler{
		http.MethodGet:     web.API(s.kit, h),
		http.MethodOptions: web.Preflight(s.kit, http.MethodGet),
	})
}

// resourceDescriptor is WebFinger's answer (RFC 7033 section 4.4).
type resourceDescriptor struct {
	Subject    string            `json:"subject"`
	Properties map[string]string `json:"properties"`
	Links      []link            `json:"links"`
}

type link struct {
	Rel  string `json:"rel"`
	HRef string `json:"href"`
}

// webFinger leads from the API's URL to its login service. The link's target is
// the whole configuration document, as in the documented system, not the issuer.
func (s *Server) webFinger(_ context.Context, r *web.Request) (web.Reply, error) {
	header := web.AnyOrigin(r.Request)
	resource, rels, err := webFingerQuery(r.URL.RawQuery)
	if err != nil {
		return web.Reply{Header: header}, err
	}
	ours, err := oauth.ParseResource(s.apiBase)
	if err != nil {
		return web.Reply{}, err
	}
	realm, ok := s.realms(s.apiRealm)
	if !ok || resource.Key != ours.Key {
		return web.Reply{Header: header}, oauth.RefuseArg(oauth.NotFound, "Nothing is known of this resource").
			WithHint("Ask for resource=" + url.QueryEscape(s.apiBase) + ".")
	}
	body, err := json.Marshal(s.descriptor(realm, resource, rels))
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Header: s.kept(header), ContentType: "application/jrd+json", Body: body}, nil
}

func (s *Server) descriptor(realm *token.Realm, resource oauth.Resource, rels []string) resourceDescriptor {
	d := resourceDescriptor{
		Subject: resource.Raw,
		Properties: map[string]string{
			s.apiBase + "keycloak/realm":           realm.Realm.Name,
			s.apiBase + "keycloak/auth-server-url": authServerURL(realm),
		},
		Links: []link{},
	}
	if len(rels) == 0 || slices.Contains(rels, issuerRel) {
		d.Links = append(d.Links, link{issuerRel, realm.Issuer + "/.well-known/openid-configuration"})
	}
	return d
}

// webFingerQuery reads resource, which must be there once, and rel, which may
// be there often (RFC 7033 section 4.1).
func webFingerQuery(query string) (resource oauth.Resource, rels []string, err error) {
	if len(query) > web.MaxBody {
		return resource, nil, oauth.Refuse(oauth.BodyTooLarge)
	}
	found := 0
	for pair := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(raw)
		if err != nil {
			return resource, nil, oauth.RefuseArg(oauth.BadForm, name)
		}
		switch name {
		case "rel":
			rels = append(rels, value)
		case "resource":
			found++
			if resource, err = oauth.ParseResource(value); err != nil {
				return resource, nil, oauth.RefuseArg(oauth.BadRequest, "Parameter resource is not an absolute URI")
			}
		}
	}
	switch found {
	case 0:
		return resource, nil, oauth.RefuseArg(oauth.BadRequest, "Missing parameter: resource")
	case 1:
		return resource, rels, nil
	default:
		return resource, nil, oauth.RefuseArg(oauth.DuplicateParameter, "resource")
	}
}

// resourceMetadata describes the API to OAuth clients (RFC 9728 section 2).
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	Scopes               []string `json:"scopes_supported"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Documentation        string   `json:"resource_documentation"`
}

// protectedResource describes the API under one of its names: a client must not
// use a document whose resource is not the one it asked about (RFC 9728 section
// 3.3).
func (s *Server) protectedResource(resource string) web.Handler {
	return func(_ context.Context, r *web.Request) (web.Reply, error) {
		return web.Reply{Header: s.kept(web.AnyOrigin(r.Request)), Body: resourceMetadata{
			Resource:             resource,
			AuthorizationServers: s.issuers(),
			Scopes:               []string{token.ScopeOpenID},
			BearerMethods:        []string{"header"},
			Documentation:        s.apiBase + "openapi",
		}}, nil
	}
}

// kept lets clients keep a document for rootLife. A cache must not hand what a
// program fetched to a page, nor one page's to another: the CORS headers differ.
func (s *Server) kept(h http.Header) http.Header {
	h = with(h, "Vary", "Origin")
	h = with(h, "Cache-Control", "max-age="+strconv.Itoa(int(rootLife.Seconds())))
	h.Set("Expires", s.now().Add(rootLife).UTC().Format(http.TimeFormat))
	return h
}
