package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

const jsonType = "application/json"

// The values of the headers every answer has; shared, never written to.
var (
	noReferrer  = []string{"no-referrer"}
	noSniff     = []string{"nosniff"}
	sameOrigin  = []string{"SAMEORIGIN"}
	noRobots    = []string{"none"}
	strictHTTPS = []string{"max-age=31536000; includeSubDomains"}
	noStore     = []string{"no-store"}
	noCache     = []string{"no-cache"}
	ofJSON      = []string{jsonType}
)

// commonHeaders sets what every answer carries; Strict-Transport-Security only
// where the client used https, since it means nothing elsewhere (RFC 6797
// section 7.2).
func commonHeaders(h http.Header, secure bool) {
	h["Referrer-Policy"] = noReferrer
	h["X-Content-Type-Options"] = noSniff
	h["X-Frame-Options"] = sameOrigin
	h["X-Robots-Tag"] = noRobots
	if secure {
		h["Strict-Transport-Security"] = strictHTTPS
	}
}

// under adds to an error's reply the headers the handler gave beside the error,
// and Retry-After.
func (reply Reply) under(given http.Header, f refusal) Reply {
	if reply.Header == nil {
		reply.Header = make(http.Header, len(given)+2)
	}
	for name, values := range given {
		if name != "Cache-Control" && name != "Expires" && name != "Content-Type" {
			reply.Header[name] = values
		}
	}
	if f.retryAfter > 0 {
		reply.Header["Retry-After"] = []string{strconv.Itoa(f.retryAfter)}
	}
	if f.status == http.StatusRequestEntityTooLarge || f.status == http.StatusRequestTimeout {
		// What was not read is not worth reading: end the connection after the answer.
		reply.Header["Connection"] = []string{"close"}
	}
	return reply
}

// write sends a reply. Without a Cache-Control of its own it is not stored:
// nearly everything served here is a token or belongs to a user.
func (k *Kit) write(w *recorder, r *http.Request, reply Reply) {
	body, err := encode(reply.Body)
	if err != nil {
		e := AsError(err)
		w.refused, w.cause = k.refusalOf(e, w.id()), e.Cause
		reply = oauthDialect(k, &w.request, w.refused)
		body, _ = encode(reply.Body)
	}
	h := w.Header()
	maps.Copy(h, reply.Header)
	if _, ok := h["Cache-Control"]; !ok {
		h["Cache-Control"], h["Pragma"] = noStore, noCache
	}
	status := reply.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case reply.ContentType != "":
		h["Content-Type"] = []string{reply.ContentType}
	case body != nil:
		h["Content-Type"] = ofJSON
	}
	if status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	if len(body) > 0 && r.Method != http.MethodHead {
		_, w.broken = w.Write(body) // the client may be gone; the log line says so
	}
}

// encode makes the bytes of a body. JSON is written as Keycloak's writer does,
// without HTML escapes and without a final line break.
func encode(body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return b, nil
	case json.RawMessage:
		return b, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
