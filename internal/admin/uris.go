package admin

import (
	"net/url"
	"strings"
)

// redirectFault says why a client made here cannot have a redirect URI, or "".
// A "*" may only end a path (Keycloak's wildcard), never stand for a host.
func redirectFault(raw string) string {
	bare := strings.TrimSuffix(raw, "*")
	u, err := url.Parse(bare)
	switch {
	case err != nil || hasControl(raw) || len(raw) > 2048:
		return "is no URI"
	case u.Scheme == "":
		return "is not absolute: it begins with no scheme"
	case strings.Contains(raw, "#"):
		return "has a fragment (RFC 6749 section 3.1.2)"
	case u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript" || u.Scheme == "file":
		return "has a scheme that no answer may be sent to"
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return "names no host"
	case u.User != nil:
		return "names a user"
	case strings.Contains(bare, "*"):
		return "may have a * only at its end"
	case bare != raw && (u.Path == "" || u.RawQuery != "" || strings.HasSuffix(bare, "?")):
		return "may have a * only at the end of a path"
	}
	return ""
}

// originFault says why a web origin cannot be taken, or "". "+" stands for the
// origins of the redirect URIs.
func originFault(raw string) string {
	if raw == "+" {
		return ""
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || hasControl(raw) || len(raw) > 2048:
		return "is no origin"
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "is no origin: write https://host or https://host:port, or + for those of the redirect URIs"
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(raw, "*?#"):
		return "is more than an origin: leave out all behind the host and port"
	}
	return ""
}
