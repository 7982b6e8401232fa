package vmsapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/web"
)

//go:embed openapi.json
var openAPISource string

// document is the OpenAPI document with this server's URLs.
func document(issuer, api, version string) []byte {
	return []byte(strings.NewReplacer(
		"{{issuer}}", inJSON(issuer),
		"{{api}}", inJSON(api),
		"{{version}}", inJSON(version),
	).Replace(openAPISource))
}

// inJSON writes s as it stands between the quotes of a JSON string.
func inJSON(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return string(b[1 : len(b)-1])
}

func (a *API) openAPI(context.Context, *web.Request) (web.Reply, error) {
	return web.Reply{
		Header: http.Header{"Cache-Control": {"public, max-age=3600"}, "Vary": {"Origin"}},
		Body:   a.document,
	}, nil
}
