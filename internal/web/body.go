package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

const (
	// MaxBody is the largest request body that is read, in bytes.
	MaxBody  = 64 << 10
	formType = "application/x-www-form-urlencoded"
	// firstRead is what a body is given before it has sent a byte; most fit.
	firstRead = 4 << 10
)

// ReadBody reads a request body of at most MaxBody bytes, as ReadUpTo does.
func ReadBody(r *http.Request) ([]byte, error) { return ReadUpTo(r, MaxBody) }

// ReadUpTo reads a request body of at most so many bytes. A larger one is
// refused with BodyTooLarge: by its Content-Length before a byte is read, else
// at the first byte too many. One that does not come in the server's time is
// refused with BodyTimeout. Memory grows with what has arrived: a length that
// is only announced costs nothing.
func ReadUpTo(r *http.Request, most int) ([]byte, error) {
	tooLarge := &oauth.Error{Fault: oauth.BodyTooLarge}
	if most != MaxBody {
		tooLarge.Arg = strconv.Itoa(most>>10) + " KiB"
	}
	switch {
	case r.Body == nil || r.ContentLength == 0:
		return nil, nil
	case r.ContentLength > int64(most):
		return nil, tooLarge
	}
	want := int(r.ContentLength)
	if want < 0 { // not announced
		want = most + 1
	}
	buf := make([]byte, 0, min(want, firstRead))
	var err error
	for len(buf) < want && err == nil {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(want, 4*cap(buf))), buf...)
		}
		var n int
		n, err = r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
	}
	switch {
	case len(buf) > most:
		return nil, tooLarge
	case len(buf) == want, r.ContentLength < 0 && errors.Is(err, io.EOF):
		return buf, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, oauth.Refuse(oauth.BodyTimeout).Because(err)
	default:
		return nil, oauth.RefuseArg(oauth.BadRequest, "Request body ended early").Because(err)
	}
}

// ReadForm reads and decodes a form body. It refuses with BodyTooLarge, with
// WrongMediaType and a hint that shows the corrected request, and as
// oauth.ParseForm does.
func ReadForm(r *http.Request) (*oauth.Form, error) {
	if r.ContentLength > MaxBody {
		return nil, oauth.Refuse(oauth.BodyTooLarge)
	}
	media := mediaType(r.Header.Get("Content-Type"))
	body, err := ReadBody(r)
	if err != nil {
		return nil, err
	}
	if media != formType && (media != "" || len(body) > 0) {
		return nil, wrongMedia(media, body)
	}
	return oauth.ParseForm(body)
}

// mediaType is a Content-Type without its parameters, in lower case.
func mediaType(v string) string {
	v, _, _ = strings.Cut(v, ";")
	v = strings.Trim(v, " \t")
	if v == formType {
		return formType
	}
	return strings.ToLower(v)
}

// plainFields are the members of a JSON body whose values a hint may repeat;
// of all others only the name is shown.
var plainFields = []string{"grant_type", "client_id", "scope"}

// wrongMedia explains 415; of a JSON object it makes the form that was meant.
func wrongMedia(media string, body []byte) error {
	e := oauth.Refuse(oauth.WrongMediaType)
	if media != jsonType && !strings.HasSuffix(media, "+json") {
		return e
	}
	var members map[string]any
	if json.Unmarshal(body, &members) != nil || len(members) == 0 {
		return e.WithHint("Send " + formType + ", not JSON.")
	}
	var b strings.Builder
	b.WriteString("Send " + formType + ", not JSON: curl")
	for _, name := range formOrder(members) {
		value, ok := members[name].(string)
		if ok && slices.Contains(plainFields, name) && isPlain(value) {
			b.WriteString(" -d " + name + "=" + value)
		} else {
			b.WriteString(" --data-urlencode " + name + "=...")
		}
	}
	return e.WithHint(b.String())
}

// formOrder lists the names worth showing: the protocol's, grant_type first.
func formOrder(members map[string]any) []string {
	known := []string{"grant_type", "client_id", "client_secret", "scope", "username", "password", "refresh_token", "token"}
	return slices.DeleteFunc(known, func(name string) bool { _, ok := members[name]; return !ok })
}

func isPlain(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	})
}

// Basic reads the client credentials of the Authorization header; two headers
// of that name are malformed.
func Basic(r *http.Request) oauth.Basic {
	switch lines := r.Header["Authorization"]; len(lines) {
	case 0:
		return oauth.Basic{}
	case 1:
		return oauth.ParseBasic(lines[0])
	default:
		return oauth.Basic{Present: true, Malformed: true}
	}
}

// BearerToken returns the access token of the Authorization header. It refuses
// with BearerMissing, with BearerInvalid when the token cannot be one, and with
// BearerTwice when the query or a second header brings another. A token in the
// query alone counts as missing: URLs end up in logs (RFC 6750 section 5.3).
func BearerToken(r *http.Request) (string, error) {
	lines := r.Header["Authorization"]
	inQuery := strings.Contains(r.URL.RawQuery, "access_token=")
	switch {
	case len(lines) > 1, len(lines) == 1 && inQuery:
		return "", oauth.Refuse(oauth.BearerTwice)
	case len(lines) == 0 && inQuery:
		return "", oauth.Refuse(oauth.BearerMissing).WithHint("Send the access token in the Authorization header, not in the URL.")
	case len(lines) == 0:
		return "", oauth.Refuse(oauth.BearerMissing)
	}
	switch b := oauth.ParseBearer(lines[0]); {
	case b.Malformed:
		return "", oauth.RefuseArg(oauth.BearerInvalid, "Malformed access token")
	case !b.Present:
		return "", oauth.Refuse(oauth.BearerMissing)
	default:
		return b.Token, nil
	}
}
