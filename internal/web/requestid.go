package web

import (
	"context"
	"log/slog"
	"net/http"
)

// id is the request's id. It may be asked from several goroutines.
func (w *recorder) id() string {
	if id := w.made.Load(); id != nil {
		return *id
	}
	id := w.newID()
	if w.made.CompareAndSwap(nil, &id) {
		return id
	}
	return *w.made.Load()
}

// maxGivenID is the longest id that is taken from a proxy, in bytes.
const maxGivenID = 128

// givenID is the id that a trusted proxy gave the request, "" where it gave
// none that could stand in a log and an answer.
func (k *Kit) givenID(r *http.Request) string {
	given := r.Header["X-Request-Id"]
	if len(given) != 1 || len(k.Trusted) == 0 || !k.trusts(parseAddr(r.RemoteAddr)) {
		return ""
	}
	id := given[0]
	if len(id) > maxGivenID {
		return ""
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return ""
		}
	}
	return id
}

// requestContext is a request's context that also knows the request's id. It is
// part of the recorder, so that it costs nothing.
type requestContext struct {
	context.Context
	rec *recorder
}

// requestKey is the key of the recorder in a context.
type requestKey struct{}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	if key == (requestKey{}) {
		return c.rec
	}
	return c.Context.Value(key)
}

// RequestAttr is the request_id of a log line that is written for a request.
func RequestAttr(ctx context.Context) (slog.Attr, bool) {
	rec, ok := ctx.Value(requestKey{}).(*recorder)
	if !ok {
		return slog.Attr{}, false
	}
	return slog.String("request_id", rec.id()), true
}
