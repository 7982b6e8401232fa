package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// LogFormat is how log lines are written.
type LogFormat string

const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// LogOptions select format and level; the zero value is text at info.
type LogOptions struct {
	Format LogFormat
	Level  slog.Leveler // nil: info
	// Of adds what a line's context knows, such as the request's id.
	Of []FromContext
}

// FromContext is an attribute of a log line that its context holds; ok is false
// when it holds none.
type FromContext func(ctx context.Context) (a slog.Attr, ok bool)

// NewLogger writes to w. Both formats quote control characters. Attributes
// named like a secret, and anything that looks like a token, are not written
// whatever their type.
func NewLogger(w io.Writer, o LogOptions) (*slog.Logger, error) {
	h := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: redact}
	switch o.Format {
	case LogJSON:
		return slog.New(withContext(slog.NewJSONHandler(w, h), o.Of)), nil
	case LogText, "":
		return slog.New(withContext(slog.NewTextHandler(w, h), o.Of)), nil
	}
	return nil, fmt.Errorf("unknown log format %q: use %q or %q", o.Format, LogText, LogJSON)
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(s string) (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return 0, fmt.Errorf("unknown log level %q: use debug, info, warn or error", s)
	}
	return l, nil
}

const hidden = "[hidden]"

// jws finds compact JWS: a base64url JSON object, then two more parts.
var jws = regexp.MustCompile(`eyJ[\w-]{6,}\.[\w-]+\.[\w-]*`)

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretName(a.Key) {
		return slog.String(a.Key, hidden)
	}
	v := a.Value.Resolve()
	var s string
	switch v.Kind() {
	case slog.KindString:
		s = v.String()
	case slog.KindAny:
		switch x := v.Any().(type) {
		case error:
			s = x.Error()
		case fmt.Stringer:
			s = x.String()
		case *slog.Source, nil:
			return a
		default:
			s = fmt.Sprintf("%+v", x)
		}
	default:
		return a
	}
	if strings.Contains(s, "eyJ") && jws.MatchString(s) {
		return slog.String(a.Key, jws.ReplaceAllString(s, hidden))
	}
	return a
}

// secretName says whether values of that name are never to be written.
func secretName(key string) bool {
	k := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(key))
	switch k {
	case "password", "passwd", "token", "secret", "authorization", "cookie", "setcookie", "form", "body", "query":
		return true
	}
	for _, end := range []string{"password", "secret", "accesstoken", "refreshtoken", "idtoken", "masterkey"} {
		if strings.HasSuffix(k, end) {
			return true
		}
	}
	return false
}
