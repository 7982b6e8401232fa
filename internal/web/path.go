package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// apiPrefix is where the video API lives.
const apiPrefix = "/v1"

// isAPI says whether a path belongs to the video API.
func isAPI(path string) bool {
	return path == apiPrefix || strings.HasPrefix(path, apiPrefix+"/")
}

// cleanPath settles a path before the mux sees it, since the mux would answer
// an unclean one with a redirect, which drops the body of a POST in many
// clients. Repeated slashes below the API's prefix are merged: its clients
// send them. Elsewhere, and for dot segments everywhere, clean is false.
func cleanPath(r *http.Request) (_ *http.Request, clean bool) {
	path := r.URL.Path
	if !strings.HasPrefix(path, "/") || hasDotSegment(path) {
		return r, false
	}
	if !strings.Contains(path, "//") {
		return r, true
	}
	merged := mergeSlashes(path)
	if !isAPI(merged) {
		return r, false
	}
	u := *r.URL
	u.Path, u.RawPath = merged, ""
	if raw := mergeSlashes(r.URL.RawPath); raw != "" {
		// An encoded slash that stood beside a real one must not become a second one.
		if plain, err := url.PathUnescape(raw); err != nil || plain != merged {
			return r, false
		}
		u.RawPath = raw
	}
	c := *r
	c.URL = &u
	return &c, true
}

// hasDotSegment says whether a decoded path has a segment "." or "..".
func hasDotSegment(path string) bool {
	if !strings.Contains(path, "/.") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func mergeSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			b = append(b, path[i])
		}
	}
	return string(b)
}

// missingNormalization is Keycloak's answer to an unclean path.
func missingNormalization(k *Kit) http.Handler {
	return OAuth(k, func(context.Context, *Request) (Reply, error) {
		return Reply{Status: http.StatusBadRequest, Body: oauthBody{
			Error: "missingNormalization", Description: "Request path not normalized",
		}}, nil
	})
}

// NotFound answers what no route matches, in the dialect of the path's side.
// Wrap mounts it at "/" where the owner of the mux did not.
func NotFound(k *Kit) http.Handler {
	refuse := func(context.Context, *Request) (Reply, error) { return Reply{}, oauth.Refuse(oauth.NotFound) }
	login, api := OAuth(k, refuse), API(k, refuse)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) {
			api.ServeHTTP(w, r)
			return
		}
		login.ServeHTTP(w, r)
	})
}
