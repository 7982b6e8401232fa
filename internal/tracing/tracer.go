package tracing

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Options say who sends spans. All but Log are optional.
type Options struct {
	Version string // service.version
	// Addresses lets client.address stand in spans.
	Addresses bool
	Log       *slog.Logger
	// Exporter is where spans go; nil: where the OTEL_ variables say.
	Exporter sdk.SpanExporter
}

// Tracer makes spans and sends them in the background.
type Tracer struct {
	provider  *sdk.TracerProvider
	tracer    trace.Tracer
	context   propagation.TraceContext
	addresses bool
}

const name = "github.com/seed-a6a28e10/usher"

// New begins to send spans as the OTEL_ variables say: endpoint, headers,
// sampler, batches, resource. Trouble in sending is logged and changes no
// answer. It sets OpenTelemetry's error handler, which is the process's own.
func New(ctx context.Context, o Options) (*Tracer, error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn("spans were not sent", "error", err) }))
	exporter := o.Exporter
	if exporter == nil {
		var err error
		if exporter, err = otlptracehttp.New(ctx); err != nil {
			return nil, err
		}
	}
	// Later ones win: what the variables say of the service stays.
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("usher"), semconv.ServiceVersion(o.Version)),
		resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, errors.Join(err, exporter.Shutdown(ctx))
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(res))
	return &Tracer{provider: provider, tracer: provider.Tracer(name, trace.WithInstrumentationVersion(o.Version)), addresses: o.Addresses}, nil
}

// Close sends what waits, as long as ctx lets it.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Step begins the span of something a request waits for; end ends it with the
// error, of which the kind alone is kept: its text may name anything. Outside
// a recorded request it begins none.
func (t *Tracer) Step(ctx context.Context, name string) (_ context.Context, end func(err error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindInternal))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Store begins the span of a question to the store or a fact written to it. An
// absence or a lost race is an answer, so that the caller says what failed.
func (t *Tracer) Store(ctx context.Context, fact string) (_ context.Context, end func(failed bool)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(bool) {}
	}
	ctx, span := t.tracer.Start(ctx, "store "+fact, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.DBSystemNameSQLite, attribute.String("db.operation.name", fact)))
	return ctx, func(failed bool) {
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Attr is the trace_id of a log line that was written for a traced request.
func Attr(ctx context.Context) (slog.Attr, bool) {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsSampled() {
		return slog.Attr{}, false
	}
	return slog.String("trace_id", c.TraceID().String()), true
}
