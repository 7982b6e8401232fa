package tracing

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Request is what the HTTP kit knows of a request when it comes.
type Request struct {
	Method  string // one of the common ones, or OTHER
	Address netip.Addr
	Secure  bool
	// Trusted says that a listed proxy sent it, whose trace is then continued.
	// Anybody else's is only linked to: a stranger decides neither what is
	// sampled nor into whose trace our spans go.
	Trusted bool
}

// Begin starts the span of a request (W3C Trace Context; OpenTelemetry's
// semantic conventions for HTTP servers). end takes the mux's pattern, "" where
// none matched, whether there is a realm of the name in the path, and the status.
func (t *Tracer) Begin(r *http.Request, q Request) (_ *http.Request, end func(pattern string, realm bool, status int)) {
	ctx := r.Context()
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(t.attributes(r, q)...)}
	from := t.context.Extract(ctx, propagation.HeaderCarrier(r.Header))
	switch caller := trace.SpanContextFromContext(from); {
	case !caller.IsValid():
	case q.Trusted:
		ctx = from
	default:
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: caller}))
	}
	method := q.Method
	if method == otherMethod {
		method = "HTTP"
	}
	ctx, span := t.tracer.Start(ctx, method, options...)
	return r.WithContext(ctx), func(pattern string, realm bool, status int) {
		if pattern != "" {
			route := routeOf(pattern)
			span.SetName(method + " " + route)
			span.SetAttributes(semconv.HTTPRoute(route), semconv.URLPath(path(route, r.URL.Path, realm)))
		}
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
		}
		span.End()
	}
}

// otherMethod is what the kit calls a method that nobody needs.
const otherMethod = "OTHER"

// routeOf is a mux's pattern without its method.
func routeOf(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i > 0 {
		return pattern[i:]
	}
	return pattern
}

// path is the request's where all of it but the realm stands in the code and
// the realm is one there is; else the route: the rest may name anything.
func path(route, sent string, realm bool) string {
	if strings.Contains(route, "{realm}") && !realm {
		return route
	}
	if strings.Contains(strings.ReplaceAll(route, "{realm}", ""), "{") || strings.HasSuffix(route, "/") {
		return route
	}
	return sent
}

// attributes are the conventions' without what could name a person or hold a
// secret: no query, no user agent, and the path only at the end.
func (t *Tracer) attributes(r *http.Request, q Request) []attribute.KeyValue {
	scheme, method := "http", q.Method
	if q.Secure {
		scheme = "https"
	}
	if method == otherMethod {
		method = "_OTHER"
	}
	out := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method), semconv.URLScheme(scheme),
		semconv.NetworkProtocolVersion(strings.TrimPrefix(strings.TrimSuffix(r.Proto, ".0"), "HTTP/")),
	}
	if t.addresses && q.Address.IsValid() {
		out = append(out, semconv.ClientAddress(q.Address.String()))
	}
	return out
}
