// Package telemetry makes the logger and the metrics. The registry is passed
// in; nothing here is global. Label values come from closed sets: a value
// outside becomes "other", so no request can add a time series, and ids and
// names of people never are labels. It imports nothing of this module.
package telemetry
