package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// aChallenge is a Bearer challenge whose attributes are quoted.
var aChallenge = regexp.MustCompile(`^Bearer realm="[ !#-\[\]-~]*"(, [a-z_]+="[ !#-\[\]-~]*")*$`)

// FuzzChallenge: whatever an Authorization header, a query and a refused value
// hold, the API answers with a status below 500, a challenge that can be read in
// one way only, and a body that is JSON.
func FuzzChallenge(f *testing.F) {
	for _, seed := range [][3]string{
		{"", "", ""}, {"Bearer a.b.c", "", "x"}, {`Bearer x", error="none`, "access_token=y", `x", scope="admin`}, {"Bearer \x80\xff", "", "\r\nX-Evil: 1"},
		{"Basic !!!", "access_token", "\\"}, {"Bearer " + strings.Repeat("a", 20_000), "%zz", strings.Repeat(`"`, 600)}, {"bearer\t==", ";", "é\u2028😀"}, {"DPoP x", "&&&", "\x00"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	k := quietKit()
	f.Fuzz(func(t *testing.T, authorization, query, arg string) {
		for _, h := range []web.Handler{
			func(_ context.Context, r *web.Request) (web.Reply, error) {
				_, err := web.BearerToken(r.Request)
				return web.Reply{}, err
			},
			refusing(oauth.RefuseArg(oauth.BearerInvalid, arg)), refusing(oauth.RefuseArg(oauth.BearerScope, arg)),
		} {
			r := httptest.NewRequest(http.MethodGet, "/v1/vms", nil)
			r.URL.RawQuery = query
			r.Header = http.Header{"Authorization": {authorization}, "Accept": {"application/json"}}
			resp := serve(k.Wrap(web.API(k, h)), r)
			challenge := resp.Header.Get("Www-Authenticate")
			if resp.StatusCode >= 500 || len(resp.Header["X-Evil"]) != 0 || resp.StatusCode >= 400 && !aChallenge.MatchString(challenge) {
				t.Fatalf("%d, challenge %q", resp.StatusCode, challenge)
			}
			if body := bodyOf(t, resp); resp.StatusCode >= 400 && !json.Valid([]byte(body)) {
				t.Fatalf("%d %q", resp.StatusCode, body)
			}
		}
	})
}
