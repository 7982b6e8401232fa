package web

import (
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
	// Trusted lists the proxies whose X-Forwarded-For and X-Forwarded-Proto count.
	Trusted []netip.Prefix
	// Realm is named in the video API's challenges.
	Realm string
	// ErrorDocs is the URL under which ErrorDoc is mounted, with a trailing slash
	// (see ErrorDocsPath); empty: answers carry no error_uri.
	ErrorDocs string
	// PathsNamePeople keeps paths out of the log, which then has the route only.
	PathsNamePeople bool
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
		rec := &recorder{ResponseWriter: w, start: k.Now(), request: k.describe(r)}
		commonHeaders(w.Header(), rec.request.Secure)
		r, clean := cleanPath(r)
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

// describe gathers what the kit knows of a request besides its bytes.
func (k *Kit) describe(r *http.Request) Request {
	address, secure := k.client(r)
	return Request{Request: r, Address: address, Secure: secure}
}

// identify is the request's id, made when somebody first asks: a good answer to
// a GET is neither logged nor refused, and needs none.
func (k *Kit) identify(r *Request) string {
	if r.ID == "" {
		r.ID = k.NewID()
	}
	return r.ID
}

// adapt makes the http.Handler: call, render an error, write.
func (k *Kit) adapt(h Handler, d dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, ok := w.(*recorder)
		if !ok { // mounted without Wrap, or under a foreign middleware
			rec = &recorder{ResponseWriter: w, start: k.Now(), request: k.describe(r)}
			commonHeaders(w.Header(), rec.request.Secure)
		}
		req := &rec.request // not a copy: it would be one more thing for the collector
		req.Request = r
		reply, err := call(h, req)
		if err != nil {
			e := AsError(err)
			rec.refused, rec.cause = k.refusalOf(e, k.identify(req)), e.Cause
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
func call(h Handler, r *Request) (reply Reply, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			reply, err = Reply{}, newPanic(v)
		}
	}()
	return h(r.Context(), r)
}
