package web

import (
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// dialect renders a refusal.
type dialect func(k *Kit, r *Request, f refusal) Reply

// OAuth adapts a handler of a protocol endpoint: errors are OAuth JSON (RFC
// 6749 section 5.2) or Keycloak's routing answers, and nothing is stored by
// caches unless the reply says so.
func OAuth(k *Kit, h Handler) http.Handler { return k.adapt(h, oauthDialect) }

// API adapts a handler of the video API: errors are problem+json (RFC 9457); a
// 401 has an HTML body unless the request accepts JSON by name; 401 and 403
// carry the challenge of RFC 6750.
func API(k *Kit, h Handler) http.Handler { return k.adapt(h, apiDialect) }

// Legacy adapts a handler of the JSON login: every error is a JSON object with
// a member message, by which its clients tell failure from success.
func Legacy(k *Kit, h Handler) http.Handler { return k.adapt(h, legacyDialect) }

// UserInfo adapts the userinfo endpoint: a refused token gets an empty body and
// a challenge that names the realm of the path, all else is OAuth JSON.
func UserInfo(k *Kit, h Handler) http.Handler { return k.adapt(h, userInfoDialect) }

// Admin adapts a handler of the administration API: every error is
// problem+json in full letters, since whoever reads it administers this machine.
func Admin(k *Kit, h Handler) http.Handler { return k.adapt(h, adminDialect) }

func adminDialect(_ *Kit, _ *Request, f refusal) Reply {
	return Reply{Status: f.status, ContentType: api.ProblemType, Body: api.Problem{
		Title: http.StatusText(f.status), Status: f.status, Detail: f.full, Message: f.full,
		Error: f.code, ErrorHint: f.hint, ErrorID: f.id,
	}}
}

type oauthBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Hint        string `json:"error_hint,omitempty"`
	URI         string `json:"error_uri,omitempty"`
	ID          string `json:"error_id,omitempty"`
}

func oauthDialect(_ *Kit, _ *Request, f refusal) Reply {
	if f.code == "" {
		// Clients know the routing answers as objects of one member; only a hint
		// made for this very request may stand beside it.
		body := oauthBody{Error: f.text}
		if f.ownHint {
			body.Hint = f.hint
		}
		return Reply{Status: f.status, Body: body}
	}
	return Reply{Status: f.status, Body: oauthBody{
		Error: f.code, Description: f.text, Hint: f.hint, URI: f.uri, ID: f.id,
	}}
}

func userInfoDialect(k *Kit, r *Request, f refusal) Reply {
	if !isBearerFault(f.fault) {
		return oauthDialect(k, r, f)
	}
	return Reply{
		Status:      f.status,
		Header:      http.Header{"Www-Authenticate": {challenge(r.PathValue("realm"), f)}},
		ContentType: "text/plain;charset=utf-8",
		Body:        []byte{},
	}
}

func isBearerFault(fault oauth.Fault) bool {
	switch fault {
	case oauth.BearerMissing, oauth.BearerTwice, oauth.BearerInvalid, oauth.BearerScope:
		return true
	default:
		return false
	}
}

// challenge is the value of WWW-Authenticate (RFC 6750 section 3). Without
// credentials in the request it has no error part.
func challenge(realm string, f refusal) string {
	var b strings.Builder
	b.WriteString("Bearer realm=" + quoted(realm))
	if f.fault == oauth.BearerMissing {
		return b.String()
	}
	b.WriteString(", error=" + quoted(f.code) + ", error_description=" + quoted(f.text))
	if f.fault == oauth.BearerScope && f.arg != "" {
		b.WriteString(", scope=" + quoted(f.arg))
	}
	return b.String()
}

func apiDialect(k *Kit, r *Request, f refusal) Reply {
	reply := Reply{Status: f.status, Header: http.Header{}}
	if f.status == http.StatusUnauthorized || isBearerFault(f.fault) || f.code == "insufficient_scope" {
		reply.Header["Www-Authenticate"] = []string{challenge(k.Realm, f)}
	}
	if f.status == http.StatusUnauthorized && !acceptsJSON(r.Header) {
		reply.ContentType = htmlType
		reply.Header["Content-Security-Policy"] = []string{errorPagePolicy}
		reply.Body = errorPage(f)
		return reply
	}
	reply.ContentType = api.ProblemType
	reply.Body = api.Problem{
		Type: f.uri, Title: http.StatusText(f.status), Status: f.status, Detail: f.text, Message: f.text,
		Error: f.code, ErrorHint: f.hint, ErrorID: f.id,
	}
	return reply
}

const (
	htmlType        = "text/html;charset=utf-8"
	errorPagePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// errorPage is the body of an API 401. Its title is what clients of the
// documented system look for.
func errorPage(f refusal) []byte {
	return []byte("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Error</title></head><body>\n" +
		"<h1>" + strconv.Itoa(f.status) + " " + http.StatusText(f.status) + "</h1>\n" +
		"<p>" + html.EscapeString(f.text) + "</p>\n" +
		"<p>" + html.EscapeString(f.hint) + "</p>\n" +
		"<p>error_id " + html.EscapeString(f.id) + "</p>\n</body></html>\n")
}

type legacyBody struct {
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
	Hint    string `json:"error_hint,omitempty"`
	URI     string `json:"error_uri,omitempty"`
	ID      string `json:"error_id,omitempty"`
}

func legacyDialect(_ *Kit, _ *Request, f refusal) Reply {
	return Reply{Status: f.status, Body: legacyBody{Message: f.text, Error: f.code, Hint: f.hint, URI: f.uri, ID: f.id}}
}

// acceptsJSON says whether the request names JSON in Accept, with a weight
// above zero. A wildcard does not count: clients that send it look for the
// HTML page.
func acceptsJSON(h http.Header) bool {
	for _, line := range h["Accept"] {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			name = strings.ToLower(strings.Trim(name, " \t"))
			if (name == jsonType || name == api.ProblemType) && !weightless(params) {
				return true
			}
		}
	}
	return false
}

// weightless says whether parameters of an Accept item have q=0.
func weightless(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(p, " \t"), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			return err == nil && q == 0
		}
	}
	return false
}
