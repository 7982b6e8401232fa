// Package web is the HTTP kit: adapters that call a handler and write its reply
// or its error in one of the dialects; the one table from fault to answer;
// request ids, client addresses, body limits, CORS, access log. It may import
// iam, oauth, api and telemetry.
package web
