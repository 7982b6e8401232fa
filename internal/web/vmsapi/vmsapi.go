package vmsapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// Config are the API's dependencies; all are required but where noted.
type Config struct {
	Kit *web.Kit
	// Verify says who calls with this access token. Its error is an
	// *oauth.Error: BearerInvalid or Unavailable.
	Verify func(ctx context.Context, raw string) (vms.Caller, error)
	// List returns the VideoManagers whose member the caller is.
	List func(ctx context.Context, caller vms.Caller) (*vms.List, error)
	// Admit may refuse a request of a caller: plain http where the caller's realm
	// requires TLS. It must be set.
	Admit func(r *web.Request, caller vms.Caller) error
	// Limit is how many requests a user may make in any 60 seconds; 0: no limit.
	Limit int
	Now   func() time.Time
	// Limited is told of each request refused by the limit; may be nil.
	Limited func()
	// Issuer is the default realm's issuer, and API the public URL of the API
	// without a path, as the OpenAPI document states them.
	Issuer, API, Version string
}

// API is the video API.
type API struct {
	Config
	limiter  *limiter // nil: no limit
	document []byte
}

// New makes the API.
func New(c Config) *API {
	a := &API{Config: c, document: document(c.Issuer, c.API, c.Version)}
	if c.Limit > 0 {
		a.limiter = newLimiter(c.Limit)
	}
	if a.Limited == nil {
		a.Limited = func() {}
	}
	return a
}

// Mount puts the API on mux. Each path answers with and without a slash at its
// end, since clients use both and do not follow redirects.
func (a *API) Mount(mux *http.ServeMux) {
	a.mount(mux, "/v1/vms", a.signedIn(a.list))
	a.mount(mux, "/v1/vms/{id}", a.signedIn(a.one))
	a.mount(mux, "/v1/openapi", a.openAPI)
}

func (a *API) mount(mux *http.ServeMux, path string, get web.Handler) {
	h := web.Methods(a.Kit, readable, map[string]http.Handler{
		http.MethodGet:     readable(a.Kit, get),
		http.MethodOptions: web.Preflight(a.Kit, http.MethodGet, http.MethodHead),
	})
	mux.Handle(path, h)
	mux.Handle(path+"/{$}", h)
}

// readable is web.API for browsers: a page of any origin may read the answer,
// errors included. A token in a header is no ambient authority.
func readable(k *web.Kit, h web.Handler) http.Handler {
	return web.API(k, func(ctx context.Context, r *web.Request) (web.Reply, error) {
		reply, err := h(ctx, r)
		cors := web.AnyOrigin(r.Request)
		if cors == nil {
			return reply, err
		}
		cors["Access-Control-Expose-Headers"] = exposed
		for name, values := range reply.Header {
			cors[name] = values
		}
		reply.Header = cors
		return reply, err
	})
}

// exposed are the headers of an answer that a page may read beside the usual.
var exposed = []string{"Www-Authenticate, Retry-After, Allow"}

// signedIn asks who calls before it lets h answer.
func (a *API) signedIn(h func(context.Context, *web.Request, vms.Caller) (web.Reply, error)) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Reply, error) {
		raw, err := bearer(r)
		if err != nil {
			return web.Reply{}, err
		}
		caller, err := a.Verify(ctx, raw)
		if err != nil {
			return web.Reply{}, err
		}
		if err := a.Admit(r, caller); err != nil {
			return web.Reply{}, err
		}
		if a.limiter != nil {
			if wait := a.limiter.take(user{caller.RealmID, caller.UserID}, a.Now()); wait > 0 {
				a.Limited()
				return web.Reply{}, &oauth.Error{Fault: oauth.TooManyRequests, RetryAfter: ceilSeconds(wait)}
			}
		}
		return h(ctx, r, caller)
	}
}

// bearer finds the token in the Authorization header. One in a form body is
// never used, and is a second method beside the header (RFC 6750 §2).
func bearer(r *web.Request) (string, error) {
	raw, err := web.BearerToken(r.Request)
	if r.ContentLength == 0 || !hasForm(r.Header) {
		return raw, err
	}
	form, formErr := web.ReadForm(r.Request)
	if formErr != nil {
		return "", formErr
	}
	if !form.Has("access_token") {
		return raw, err
	}
	if len(r.Header["Authorization"]) > 0 {
		return "", oauth.Refuse(oauth.BearerTwice)
	}
	return "", oauth.Refuse(oauth.BearerMissing).WithHint("Send the access token in the Authorization header, not in the body.")
}

func hasForm(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/x-www-form-urlencoded")
}
