package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// maxBody is the largest body in bytes, but for the files of an import.
const maxBody = 1 << 20

// bad refuses a malformed request.
func bad(format string, args ...any) *oauth.Error {
	return oauth.RefuseArg(oauth.BadRequest, fmt.Sprintf(format, args...)).WithHint("Correct the request as the message says.")
}

// decode reads a JSON object into *into, a struct. It refuses members that the
// struct does not have, in their very spelling, and members that come twice.
func decode(r *web.Request, most int, into any) error {
	body, err := web.ReadUpTo(r.Request, most)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return bad("The request has no body")
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return oauth.Refuse(oauth.WrongMediaType).WithHint("Send the body as application/json.")
	}
	if err := checkMembers(body, into); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return malformed(err)
	}
	return nil
}

// nothing refuses a body where an order takes none; an empty object will do.
func nothing(r *web.Request) error {
	body, err := web.ReadUpTo(r.Request, maxBody)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return checkMembers(body, &struct{}{})
}

// checkMembers looks at the members of the outermost object, which is where
// the names of orders stand. Package json would take "USERNAME" for "username",
// and of two equal members the last.
func checkMembers(body []byte, into any) error {
	known := members(reflect.TypeOf(into).Elem())
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return bad("The body is not a JSON object")
	}
	var seen []string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return malformed(err)
		}
		name, _ := t.(string) // of an object's member always
		switch {
		case !slices.Contains(known, name):
			return unknownMember(name, known)
		case slices.Contains(seen, name):
			return bad("The member %s is there twice", name)
		}
		seen = append(seen, name)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return malformed(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return bad("Something follows the JSON object")
	}
	return nil
}

func unknownMember(name string, known []string) error {
	e := bad("Unknown member %s", shown(name))
	if len(known) == 0 {
		return e.WithHint("Send no body.")
	}
	return e.WithHint("The members are " + strings.Join(known, ", ") + ".")
}

func shown(name string) string { return strconv.Quote(name[:min(len(name), 100)]) }

// members are the JSON names of a struct's fields.
func members(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// malformed tells where JSON is wrong, without repeating what stands there.
func malformed(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return bad("The member %s is a JSON %s, which it cannot be", kind.Field, kind.Value)
	case errors.As(err, &syntax):
		return bad("The body is not JSON: error at byte %d", syntax.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return bad("Unknown member %s", strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return bad("The body is not JSON: it ends early or is broken")
}

// query reads the query parameters, of which only the named ones may be there,
// each once.
func query(r *web.Request, known ...string) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return url.Values{}, nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad("The query is malformed")
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			return nil, bad("Unknown parameter %s", shown(name))
		}
		if len(values) > 1 {
			return nil, bad("The parameter %s is there twice", name)
		}
	}
	return q, nil
}

// plain refuses all query parameters.
func plain(r *web.Request) error {
	_, err := query(r)
	return err
}

// The number of items on a page.
const (
	usualLimit = 100
	mostLimit  = 1000
)

// limit reads the size of a page.
func limit(q url.Values) (int, error) {
	n, err := number(q, "limit", usualLimit)
	if err == nil && (n < 1 || n > mostLimit) {
		return 0, bad("The parameter limit is a number from 1 to %d", mostLimit)
	}
	return int(n), err
}

// number reads a whole number that is not negative.
func number(q url.Values, name string, fallback int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, bad("The parameter %s is not a number", name)
	}
	return n, nil
}

// flag reads true or false.
func flag(q url.Values, name string) (bool, error) {
	switch q.Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, bad("The parameter %s is true or false", name)
}

// cut takes off the item that was asked for beyond the page, to know whether
// another page follows.
func cut[T any](list []T, limit int) (page []T, more bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}

// order reads an order that has a body and no query.
func order(r *web.Request, into any) error {
	if err := plain(r); err != nil {
		return err
	}
	return decode(r, maxBody, into)
}

// bare is for an order that the path says all of.
func bare(r *web.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	return nothing(r)
}
