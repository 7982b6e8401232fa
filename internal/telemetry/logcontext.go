package telemetry

import (
	"context"
	"log/slog"
)

// contextHandler adds to each line what its context knows.
type contextHandler struct {
	slog.Handler
	of []FromContext
}

func withContext(h slog.Handler, of []FromContext) slog.Handler {
	if len(of) == 0 {
		return h
	}
	return contextHandler{h, of}
}

// Handle implements slog.Handler. What the line states itself stays alone.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	for _, from := range h.of {
		if a, ok := from(ctx); ok && !states(r, a.Key) {
			r.AddAttrs(a)
		}
	}
	return h.Handler.Handle(ctx, r)
}

func states(r slog.Record, key string) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs), h.of}
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name), h.of}
}
