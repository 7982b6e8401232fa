package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// Methods chooses a handler by the request's method; HEAD is served by GET's.
// Any other method gets 405 with Allow, in adapt's dialect.
func Methods(k *Kit, adapt Adapter, handlers map[string]http.Handler) http.Handler {
	allow := make([]string, 0, len(handlers)+1)
	for m := range handlers {
		allow = append(allow, m)
		if m == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	header := http.Header{"Allow": {strings.Join(allow, ", ")}}
	refused := adapt(k, func(context.Context, *Request) (Reply, error) {
		return Reply{Header: header}, oauth.Refuse(oauth.MethodNotAllowed)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h, ok := handlers[method]; ok {
			h.ServeHTTP(w, r)
			return
		}
		refused.ServeHTTP(w, r)
	})
}
