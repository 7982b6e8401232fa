package web

import (
	"context"
	"net/http"
	"net/netip"
)

// Request is what an adapter hands to a handler: the HTTP request, its id, and
// the client's address as the trusted proxies state it.
type Request struct {
	*http.Request
	Address netip.Addr
	// Secure says whether the client used https, as seen through trusted proxies.
	Secure bool

	rec *recorder // nil outside an adapter
}

// ID is the request's id: the one a trusted proxy gave it, else one made when
// somebody first asks, since a good answer to a GET needs none.
func (r *Request) ID() string {
	if r.rec == nil {
		return ""
	}
	return r.rec.id()
}

// Reply is a handler's outcome. Body is written as it is when it is a []byte,
// else marshalled as JSON; nil sends no body.
type Reply struct {
	Status      int // 0: 200
	Header      http.Header
	ContentType string // "" for JSON: application/json
	Body        any
}

// Handler answers a request or says why not. No handler sees a ResponseWriter,
// so a missing return after an error is impossible. Beside an error only the
// reply's Header counts: that is how a refusal carries CORS headers or Allow.
type Handler func(ctx context.Context, r *Request) (Reply, error)

// Adapter makes an http.Handler of a Handler; it chooses the error dialect.
type Adapter func(k *Kit, h Handler) http.Handler
