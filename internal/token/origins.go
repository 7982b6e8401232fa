package token

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// allowedOrigins are the web origins of a client as the allowed-origins claim
// states them: "+" is replaced by the origins of its redirect URIs, "*" stays
// and means any.
func allowedOrigins(c *iam.Client) []string {
	var out []string
	add := func(origin string) {
		if origin != "" && !slices.Contains(out, origin) {
			out = append(out, origin)
		}
	}
	for _, o := range c.WebOrigins {
		if o != "+" {
			add(strings.TrimSuffix(o, "/"))
			continue
		}
		for _, uri := range c.RedirectURIs {
			add(originOf(uri))
		}
	}
	return out
}

// originOf is what a browser would send as Origin from a page at an http or
// https URL: lower case, without the scheme's own port; "" for anything else.
func originOf(uri string) string {
	u, err := url.Parse(strings.TrimSuffix(uri, "*"))
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(u.Host, "*") {
		return ""
	}
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	if port == "" {
		return ""
	}
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), port)
}
