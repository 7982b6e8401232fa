package oauth

import (
	"errors"
	"net/url"
	"strings"
)

// maxResource is the longest WebFinger resource worth a look, in bytes.
const maxResource = 2048

// ErrResource says that a WebFinger resource is not an absolute URI.
var ErrResource = errors.New("not an absolute URI")

// Resource is a WebFinger resource: a URI that names what is asked about.
type Resource struct {
	// Raw is the resource as sent; an answer echoes it as its subject.
	Raw string
	// Key is the form to compare by: scheme and host in lower case, without a
	// default port, without trailing slashes.
	Key string
}

// ParseResource reads the value of WebFinger's resource parameter (RFC 7033
// section 4.1). It returns ErrResource for anything that is no absolute URI of
// printable ASCII, and for an http or https URI without a host, with user
// information, with a fragment, or with a percent escape in its host.
func ParseResource(s string) (Resource, error) {
	if s == "" || len(s) > maxResource {
		return Resource{}, ErrResource
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '\\' {
			return Resource{}, ErrResource
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return Resource{}, ErrResource
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return Resource{Raw: s, Key: u.Scheme + s[len(u.Scheme):]}, nil
	}
	if u.Hostname() == "" || u.User != nil || strings.Contains(s, "#") || escapedHost(s) {
		return Resource{}, ErrResource
	}
	key := u.Scheme + "://" + plainHost(u) + pathAndQuery(u)
	if len(key) > maxResource { // escaping makes it longer
		return Resource{}, ErrResource
	}
	return Resource{Raw: s, Key: key}, nil
}

// escapedHost says whether the authority has a percent escape: hosts are
// compared as they are written, and no host needs one here.
func escapedHost(s string) bool {
	_, rest, _ := strings.Cut(s, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return strings.Contains(rest, "%")
}

// plainHost is the host in lower case without a default or empty port.
func plainHost(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch port := u.Port(); {
	case port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80":
		return strings.TrimSuffix(host, ":"+port)
	default:
		return host
	}
}

func pathAndQuery(u *url.URL) string {
	path := strings.TrimRight(u.EscapedPath(), "/")
	if u.RawQuery == "" {
		return path
	}
	return path + "?" + u.RawQuery
}
