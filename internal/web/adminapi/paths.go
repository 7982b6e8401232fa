package adminapi

import (
	"net/http"
	"net/url"
	"strings"
)

// paths finds the handler of a path by its escaped segments. http.ServeMux is
// no help here: it tidies paths, and a segment may be any name there is, such
// as "/", "..", or a client's that is a URL.
type paths struct {
	routes []pathRoute
	other  http.Handler
}

type pathRoute struct {
	pattern  string
	segments []string // "{name}" takes any one
	handler  http.Handler
}

// add puts a fixed path before one with names in its place.
func (m *paths) add(pattern string, h http.Handler) {
	r := pathRoute{pattern, strings.Split(pattern, "/"), h}
	if strings.Contains(pattern, "{") {
		m.routes = append(m.routes, r)
		return
	}
	m.routes = append([]pathRoute{r}, m.routes...)
}

// ServeHTTP implements http.Handler. Like http.ServeMux it says in the request
// what matched.
func (m *paths) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent := strings.Split(r.URL.EscapedPath(), "/")
	for i := range m.routes {
		if route := &m.routes[i]; route.take(r, sent) {
			r.Pattern = route.pattern
			route.handler.ServeHTTP(w, r)
			return
		}
	}
	r.Pattern = "/"
	m.other.ServeHTTP(w, r)
}

// take says whether a path is the route's, and puts its names into the request.
func (p *pathRoute) take(r *http.Request, sent []string) bool {
	if len(sent) != len(p.segments) {
		return false
	}
	for i, want := range p.segments {
		plain, err := url.PathUnescape(sent[i])
		if err != nil {
			return false
		}
		name, open := strings.CutPrefix(want, "{")
		switch {
		case open && plain != "":
			r.SetPathValue(strings.TrimSuffix(name, "}"), plain)
		case open || plain != want:
			return false
		}
	}
	return true
}
