package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// recorder notes what became of a request.
type recorder struct {
	http.ResponseWriter
	start   time.Time
	request Request
	status  int
	size    int
	refused refusal
	cause   error
	broken  error // of the last Write
	newID   func() string
	made    atomic.Pointer[string] // the request's id, once it has one
	context requestContext         // what the handler gets
	traced  func(pattern string, status int)
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.size += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// panicError is a panic that became an answer.
type panicError struct {
	value any
	stack []byte
}

func newPanic(v any) error { return &panicError{value: v, stack: debug.Stack()} }

// Error leaves the value out unless it is an error of the runtime: anything
// else might hold what a user sent.
func (p *panicError) Error() string {
	if err, ok := p.value.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic: %T", p.value)
}

// finish is deferred around everything: it answers a panic that no adapter
// caught, writes the log line and tells the metrics.
func (k *Kit) finish(w *recorder) {
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler {
			panic(v)
		}
		e := oauth.Refuse(oauth.Internal).Because(newPanic(v))
		w.refused, w.cause = k.refusalOf(e, w.id()), e.Cause
		if w.status != 0 { // too late for an answer: cut the connection, so that nobody takes it as whole
			w.status = http.StatusInternalServerError
			k.account(w)
			panic(http.ErrAbortHandler)
		}
		k.write(w, w.request.Request, oauthDialect(k, &w.request, w.refused))
	}
	k.account(w)
}

func (k *Kit) account(w *recorder) {
	elapsed := k.Now().Sub(w.start)
	r := w.request.Request
	status := w.status
	if status == 0 {
		status = http.StatusOK // net/http sends it when a handler writes nothing
	}
	route := r.Pattern
	if route == "" || route == "/" {
		route = "unmatched"
	}
	if w.traced != nil {
		w.traced(strings.TrimPrefix(route, "unmatched"), status)
	}
	if k.Observe != nil {
		k.Observe(route, MethodLabel(r.Method), status, elapsed)
	}
	level := levelOf(status)
	if k.Log == nil || !k.Log.Enabled(r.Context(), level) {
		return
	}
	k.Log.LogAttrs(r.Context(), level, "request", k.attrs(w, route, status, elapsed)...)
}

// levelOf keeps the log quiet at its default level while all is well.
func levelOf(status int) slog.Level {
	switch {
	case status == http.StatusInternalServerError:
		return slog.LevelError
	case status > http.StatusInternalServerError:
		return slog.LevelWarn
	case status >= http.StatusBadRequest:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// attrs are the fields of a log line: no query, no header, no body, and every
// text that a client chose with its control characters escaped.
func (k *Kit) attrs(w *recorder, route string, status int, elapsed time.Duration) []slog.Attr {
	r := w.request.Request
	path := printable(r.URL.EscapedPath())
	switch {
	case k.PathsNamePeople:
		path = route
	case len(path) > maxArg:
		path = path[:maxArg] + "..."
	}
	attrs := []slog.Attr{
		slog.String("request_id", w.id()),
		slog.String("method", MethodLabel(r.Method)),
		slog.String("route", route),
		slog.String("path", path),
		slog.Int("status", status),
		slog.Int("bytes", w.size),
		slog.Float64("elapsed_ms", float64(elapsed.Microseconds())/1000),
		k.addressAttr(w.request.Address),
	}
	if w.refused.fault != "" {
		attrs = append(attrs, slog.String("fault", string(w.refused.fault)), slog.String("error_id", w.refused.id))
	}
	if w.cause != nil {
		attrs = append(attrs, slog.String("cause", printable(w.cause.Error())))
	}
	if p, ok := w.cause.(*panicError); ok {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	if w.broken != nil {
		attrs = append(attrs, slog.String("broken", printable(w.broken.Error())))
	}
	return attrs
}

// addressAttr is the client's address, or what stands for it.
func (k *Kit) addressAttr(a netip.Addr) slog.Attr {
	if !a.IsValid() { // the peer of a Unix socket
		return slog.Attr{}
	}
	if k.AddressTag != nil {
		return slog.String("address_tag", k.AddressTag(a))
	}
	return slog.String("address", a.String())
}

// MethodLabel is the method, or OTHER for one that nobody needs.
func MethodLabel(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "OTHER"
	}
}
