// Package oauth holds the protocol's words and pure checks: forms, client
// credentials, scope lists, WebFinger resources, and the faults an endpoint may
// answer. It does no I/O and imports nothing of this module.
package oauth
