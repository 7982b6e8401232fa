package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

// faults reads the constants of type Fault from their source, so that none can
// be forgotten here.
func faults(t *testing.T) []oauth.Fault {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../oauth/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []oauth.Fault
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Fault" {
			return true
		}
		name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, oauth.Fault(name))
		return true
	})
	if len(all) < 60 {
		t.Fatalf("found only %d faults", len(all))
	}
	return all
}

// dialects are all the ways to say no.
var dialects = []struct {
	name    string
	adapter web.Adapter
	accept  string
}{
	{"oauth", web.OAuth, ""},
	{"userinfo", web.UserInfo, ""},
	{"api", web.API, "*/*"},
	{"api, JSON accepted", web.API, "application/json"},
	{"legacy", web.Legacy, "*/*"},
	{"admin", web.Admin, "*/*"},
}

func refuse(t *testing.T, adapter web.Adapter, accept string, err error) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/auth/realms/platform/x", nil)
	r.SetPathValue("realm", "platform")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return serve(adapter(quietKit(), refusing(err)), r)
}

func TestErrorsGolden(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	for _, f := range faults(t) {
		for _, d := range dialects {
			resp := refuse(t, d.adapter, d.accept, oauth.RefuseArg(f, "x"))
			fmt.Fprintf(&got, "== %s, %s: %d %s\n", f, d.name, resp.StatusCode, resp.Header.Get("Content-Type"))
			for _, name := range []string{"Www-Authenticate", "Retry-After", "Connection"} {
				if v := resp.Header.Get(name); v != "" {
					fmt.Fprintf(&got, "%s: %s\n", name, v)
				}
			}
			fmt.Fprintf(&got, "%s\n", strings.TrimSuffix(bodyOf(t, resp), "\n"))
		}
	}
	const golden = "testdata/errors.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("answers changed (-want +got):\n%s", diff)
	}
}

// registered are the error codes an answer may have: RFC 6749 section 5.2 and
// 4.1.2.1, RFC 6750, RFC 7009, and OpenID Connect Core.
var registered = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	"access_denied", "server_error", "temporarily_unavailable", "invalid_token", "insufficient_scope", "unsupported_token_type",
}

func TestEveryFaultHelps(t *testing.T) {
	t.Parallel()
	for _, f := range faults(t) {
		resp := refuse(t, web.OAuth, "", oauth.RefuseArg(f, "x"))
		var body map[string]string
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusInternalServerError && f != oauth.Internal {
			t.Errorf("%s is not in the table", f)
		}
		if len(body) == 1 { // a routing answer
			continue
		}
		if !slices.Contains(registered, body["error"]) {
			t.Errorf("%s: code %q is not registered", f, body["error"])
		}
		if h := body["error_hint"]; h == "" || !strings.HasSuffix(h, ".") || h[0] < 'A' || h[0] > 'Z' {
			t.Errorf("%s: hint %q is no sentence", f, h)
		}
		if body["error_id"] == "" || body["error_uri"] != "https://login.example.com/errors/"+string(f) {
			t.Errorf("%s: %v", f, body)
		}
	}
}

// challengeSyntax is what RFC 6750 section 3 lets our challenges be.
var challengeSyntax = regexp.MustCompile(`^Bearer realm="[ !#-\[\]-~]*"(, (error|error_description|scope)="[ !#-\[\]-~]*")*$`)

func TestNothingSentCanBreakAnAnswer(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	all := faults(t)
	for range 2000 {
		raw := make([]byte, rnd.IntN(900))
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		f, d := all[rnd.IntN(len(all))], dialects[rnd.IntN(len(dialects))]
		resp := refuse(t, d.adapter, d.accept, oauth.RefuseArg(f, string(raw)+"\r\nX-Evil: 1\"<script>"))
		not, most := foreign, 800
		if d.name == "admin" {
			not, most = unicode.IsControl, 20000
		}
		checkText(t, f, resp, not, most)
	}
}

func checkText(t *testing.T, f oauth.Fault, resp *http.Response, not func(rune) bool, most int) {
	t.Helper()
	if c := resp.Header.Get("Www-Authenticate"); c != "" && !challengeSyntax.MatchString(c) {
		t.Errorf("%s: challenge %q", f, c)
	}
	body := bodyOf(t, resp)
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil:
		t.Errorf("%s: %v", f, err)
	case media == "text/html":
		if strings.Contains(body, "<script>") || !strings.Contains(body, "<title>Error</title>") {
			t.Errorf("%s: %s", f, body)
		}
	case strings.HasSuffix(media, "json"):
		var members map[string]any
		if err := json.Unmarshal([]byte(body), &members); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"error", "error_description", "message", "detail"} {
			if text, ok := members[name].(string); ok && (len(text) > most || strings.ContainsFunc(text, not)) {
				t.Errorf("%s: %s is %q", f, name, text)
			}
		}
	}
}

// foreign is a character that RFC 6749 section 5.2 keeps out of descriptions.
func foreign(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

func TestStatusOverride(t *testing.T) {
	t.Parallel()
	resp := refuse(t, web.OAuth, "", oauth.Refuse(oauth.WrongCredentials).WithStatus(400))
	if resp.StatusCode != 400 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestRoutingAnswerMayHaveAHintOfItsOwn(t *testing.T) {
	t.Parallel()
	resp := refuse(t, web.OAuth, "", oauth.Refuse(oauth.NoRealm).WithHint("Use the realm platform."))
	if got := bodyOf(t, resp); got != `{"error":"Realm does not exist","error_hint":"Use the realm platform."}` {
		t.Error(got)
	}
}

func TestWhoGetsJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html": false, "application/*": false, "application/jsonp": false,
		"application/json": true, "APPLICATION/JSON;q=0.1": true, "text/html, application/problem+json": true,
		"application/json;q=0": false, "application/json; charset=utf-8 ;Q=0.0": false, "application/json;q=x": true,
	} {
		resp := refuse(t, web.API, accept, oauth.Refuse(oauth.BearerMissing))
		if got := resp.Header.Get("Content-Type") == "application/problem+json"; got != want {
			t.Errorf("Accept %q: %s", accept, resp.Header.Get("Content-Type"))
		}
	}
}

func TestErrorDocs(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("GET "+web.ErrorDocsPath+"{fault}", web.ErrorDoc(quietKit()))
	for _, f := range faults(t) {
		resp := serve(mux, httptest.NewRequest(http.MethodGet, web.ErrorDocsPath+string(f), nil))
		if body := bodyOf(t, resp); resp.StatusCode != 200 || !strings.Contains(body, string(f)) || strings.Contains(body, "{arg}") {
			t.Errorf("%s: %d %s", f, resp.StatusCode, body)
		}
	}
	resp := serve(mux, httptest.NewRequest(http.MethodGet, web.ErrorDocsPath+"nonsense", nil))
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 404 {
		t.Errorf("unknown fault: %d %v", resp.StatusCode, err)
	}
}
