package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Kit is what all handlers of one listener share. Its fields are set before
// the first request and never change.
type Kit struct {
	Log *slog.Logger
	Now func() time.Time
	// NewID makes request ids; an error's error_id is the request's id unless an
	// event gave it another.
	NewID func() string
	// Trusted lists the proxies whose X-Forwarded-For, X-Forwarded-Proto and
	// X-Request-Id count.
	Trusted []netip.Prefix
	// Realm is named in the video API's challenges.
	Realm string
	// ErrorDocs is the URL under which ErrorDoc is mounted, with a trailing slash
	// (see ErrorDocsPath); empty: answers carry no error_uri.
	ErrorDocs string
	// AddressTag stands in the log for a client's address; nil shows it.
	AddressTag func(netip.Addr) string
	// Trace begins the span of a request; nil: there are none. end takes the
	// pattern that matched, "" for none, and the status.
	Trace func(r *http.Request, q Request, trusted bool) (_ *http.Request, end func(pattern string, status int))
	// PathsNamePeople keeps paths out of the log, which then has the route only.
	PathsNamePeople bool
	// AnyPath has paths come as they were sent, whose segments may be names such
	// as "..", or hold slashes: next sees to them itself.
	AnyPath bool
	// Observe is told of every answer: route is the pattern that matched or
	// "unmatched", method one of the common ones or "OTHER", so both are of a
	// closed set. May be nil.
	Observe func(route, method string, status int, elapsed time.Duration)
}

// Wrap is the outermost handler of a listener: it gives each request its id and
// client address, sets the headers every answer has, settles unclean paths
// without a redirect, keeps a panic from ending the process, and writes log
// line and metrics. A mux that answers nothing at "/" gets NotFound there.
func (k *Kit) Wrap(next http.Handler) http.Handler {
	if mux, ok := next.(*http.ServeMux); ok && isOpen(mux) {
		mux.Handle("/", NotFound(k))
	}
	unclean := missingNormalization(k)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := k.record(w, r)
		clean := true
		if !k.AnyPath {
			r, clean = cleanPath(r)
		}
		if k.Trace != nil {
			r, rec.traced = k.Trace(r, rec.request, k.trusts(parseAddr(r.RemoteAddr)))
		}
		rec.request.Request = r
		defer k.finish(rec)
		if !clean {
			unclean.ServeHTTP(rec, r)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// isOpen says whether mux has no pattern for a path that nobody serves.
func isOpen(mux *http.ServeMux) bool {
	_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/\x00"}})
	return pattern == ""
}

// record begins to note what becomes of a request, and sets the headers that
// every answer has.
func (k *Kit) record(w http.ResponseWriter, r *http.Request) *recorder {
	address, secure := k.client(r)
	rec := &recorder{ResponseWriter: w, start: k.Now(), newID: k.NewID, request: Request{Request: r, Address: address, Secure: secure}}
	rec.request.rec, rec.context.rec = rec, rec
	if id := k.givenID(r); id != "" {
		given := id // of its own, so that a request without one costs nothing
		rec.made.Store(&given)
	}
	commonHeaders(w.Header(), secure)
	return rec
}

// adapt makes the http.Handler: call, render an error, write.
func (k *Kit) adapt(h Handler, d dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, ok := w.(*recorder)
		if !ok { // mounted without Wrap, or under a foreign middleware
			rec = k.record(w, r)
		}
		req := &rec.request // not a copy: it would be one more thing for the collector
		req.Request = r
		rec.context.Context = r.Context()
		reply, err := call(&rec.context, h, req)
		if err != nil {
			e := AsError(err)
			rec.refused, rec.cause = k.refusalOf(e, rec.id()), e.Cause
			reply = d(k, req, rec.refused).under(reply.Header, rec.refused)
		}
		k.write(rec, r, reply)
		if !ok {
			k.finish(rec)
		}
	})
}

// call runs h and turns a panic into an error, so that the client gets an
// answer in its dialect and the process lives.
func call(ctx context.Context, h Handler, r *Request) (reply Reply, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			reply, err = Reply{}, newPanic(v)
		}
	}()
	return h(ctx, r)
}
