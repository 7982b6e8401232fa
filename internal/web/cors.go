package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// The values of CORS headers (Fetch standard, section 3.2); shared, never
// written to.
var (
	corsTrue    = []string{"true"}
	corsExposed = []string{"Access-Control-Allow-Methods"}
	corsHeaders = []string{"Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers, Authorization"}
	corsMaxAge  = []string{"3600"}
	varyOrigin  = []string{"Origin"}
)

// AnyOrigin returns the headers that let whatever page sent r read the answer;
// nil when r names no origin. The origin is echoed, never "*".
func AnyOrigin(r *http.Request) http.Header {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	return http.Header{
		"Access-Control-Allow-Origin":      {origin},
		"Access-Control-Allow-Credentials": corsTrue,
		"Access-Control-Expose-Headers":    corsExposed,
		"Vary":                             varyOrigin,
	}
}

// ClientOrigin returns AnyOrigin's headers when c's web origins have the
// request's, and nil otherwise: the answer is then sent all the same, and the
// browser keeps it from the page. A nil client is one not known yet.
func ClientOrigin(r *http.Request, c *iam.Client) http.Header {
	origin := r.Header.Get("Origin")
	if origin == "" || c == nil || !allowsOrigin(c, origin) {
		return nil
	}
	return AnyOrigin(r)
}

// allowsOrigin compares origin with c's web origins: "*" is any, "+" the
// origins of the redirect URIs.
func allowsOrigin(c *iam.Client, origin string) bool {
	for _, allowed := range c.WebOrigins {
		switch allowed {
		case "*":
			return true
		case "+":
			if isRedirectOrigin(c.RedirectURIs, origin) {
				return true
			}
		default:
			if strings.TrimSuffix(allowed, "/") == origin {
				return true
			}
		}
	}
	return false
}

func isRedirectOrigin(uris []string, origin string) bool {
	for _, uri := range uris {
		u, err := url.Parse(strings.TrimSuffix(uri, "*"))
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			continue
		}
		host := strings.ToLower(u.Host)
		if u.Scheme == "https" {
			host = strings.TrimSuffix(host, ":443")
		} else {
			host = strings.TrimSuffix(host, ":80")
		}
		if u.Scheme+"://"+host == origin {
			return true
		}
	}
	return false
}

// Preflight answers OPTIONS for the given methods, for any origin: which origin
// may read the real answer is decided there, once the client is known.
func Preflight(k *Kit, methods ...string) http.Handler {
	allow := []string{strings.Join(append(methods, http.MethodOptions), ", ")}
	return OAuth(k, func(_ context.Context, r *Request) (Reply, error) {
		h := AnyOrigin(r.Request)
		if h == nil {
			return Reply{Header: http.Header{"Allow": allow}}, nil
		}
		h["Access-Control-Allow-Methods"] = allow
		h["Access-Control-Allow-Headers"] = corsHeaders
		h["Access-Control-Max-Age"] = corsMaxAge
		return Reply{Header: h}, nil
	})
}
