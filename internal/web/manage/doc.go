// Package manage answers on the management listener: health, metrics and
// profiles. Nothing of it may be mounted on the public one. It may import web
// and telemetry.
package manage
