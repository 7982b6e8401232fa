package web

import (
	"context"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// ErrorDocsPath is where ErrorDoc is mounted; Kit.ErrorDocs is the public URL of it.
const ErrorDocsPath = "/errors/"

// ErrorDoc is the page that error_uri leads to: what a fault means and what to
// do, from the same table that the answers come from. Mount it at
// "GET " + ErrorDocsPath + "{fault}".
func ErrorDoc(k *Kit) http.Handler {
	return OAuth(k, func(_ context.Context, r *Request) (Reply, error) {
		name := r.PathValue("fault")
		rule, ok := rules[oauth.Fault(name)]
		if !ok {
			return Reply{}, oauth.Refuse(oauth.NotFound)
		}
		return Reply{
			ContentType: htmlType,
			Header: http.Header{
				"Cache-Control":           {"public, max-age=3600"},
				"Content-Security-Policy": {errorPagePolicy},
			},
			Body: docPage(name, rule),
		}, nil
	})
}

func docPage(name string, r rule) []byte {
	text := r.text
	if r.otherwise != "" && text == "{arg}" {
		text = r.otherwise
	}
	fill := func(s string) string { return html.EscapeString(strings.ReplaceAll(s, "{arg}", "…")) }
	return []byte("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">" +
		"<meta name=\"viewport\" content=\"width=device-width\"><title>" + html.EscapeString(name) + "</title></head><body>\n" +
		"<h1>" + html.EscapeString(name) + "</h1>\n<dl>\n" +
		"<dt>Status</dt><dd>" + strconv.Itoa(r.status) + " " + http.StatusText(r.status) + "</dd>\n" +
		"<dt>error</dt><dd><code>" + html.EscapeString(r.code) + "</code></dd>\n" +
		"<dt>error_description</dt><dd>" + fill(text) + "</dd>\n" +
		"<dt>What to do</dt><dd>" + fill(r.hint) + "</dd>\n</dl>\n" +
		"<p>The answer's <code>error_id</code> stands in the server's log beside the cause.</p>\n</body></html>\n")
}
