package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-a6a28e10/usher/internal/tracing"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// Tracer sends spans.
type Tracer = tracing.Tracer

// TracesWanted says whether the variables of OpenTelemetry ask for spans.
func TracesWanted(lookup func(name string) string) (bool, error) { return tracing.Wanted(lookup) }

// NewTracer begins to send spans as those variables say. addresses lets client
// addresses stand in them. The App that gets it closes it.
func NewTracer(ctx context.Context, version string, addresses bool, log *slog.Logger) (*Tracer, error) {
	return tracing.New(ctx, tracing.Options{Version: version, Addresses: addresses, Log: log})
}

// traceRequest is the kit's hook; nil while no spans are sent.
func (a *App) traceRequest() func(*http.Request, web.Request, bool) (*http.Request, func(string, int)) {
	if a.opt.Trace == nil {
		return nil
	}
	return func(r *http.Request, q web.Request, trusted bool) (*http.Request, func(string, int)) {
		traced, end := a.opt.Trace.Begin(r, tracing.Request{
			Method: web.MethodLabel(r.Method), Address: q.Address, Secure: q.Secure, Trusted: trusted,
		})
		return traced, func(pattern string, status int) {
			_, known := a.snapshot.Realm(traced.PathValue("realm"))
			end(pattern, known, status)
		}
	}
}

// sendSpans sends what waits, for a few seconds at most.
func (a *App) sendSpans() {
	ctx, cancel := context.WithTimeout(context.Background(), spanLimit)
	defer cancel()
	if err := a.opt.Trace.Close(ctx); err != nil {
		a.log.Warn("spans were not sent", "error", err)
	}
}

const spanLimit = 3 * time.Second

// step is the services' hook; nil while no spans are sent.
func (a *App) step() func(context.Context, string) (context.Context, func(error)) {
	if a.opt.Trace == nil {
		return nil
	}
	return a.opt.Trace.Step
}
