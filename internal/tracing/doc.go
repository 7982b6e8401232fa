// Package tracing sends OpenTelemetry spans of requests and of what they wait
// for, where the standard OTEL_ variables ask for it; the libraries behind it
// read those variables themselves. Nothing here is made while tracing is off:
// a nil *Tracer is passed then, and callers make no span.
//
// Spans hold routes, statuses and names of steps. They hold no query, header,
// body, secret, name or id of a person; addresses only where the log has them.
// The package imports nothing of this module.
package tracing
