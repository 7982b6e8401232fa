// Package web is the HTTP kit: adapters that decode a request, call a handler
// and write its reply or its error in one of the dialects; request ids, client
// addresses, limits, CORS, access log. It may import iam, oauth, api and
// telemetry.
package web
