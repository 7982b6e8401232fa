package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func formHandler(_ context.Context, r *web.Request) (web.Reply, error) {
	form, err := web.ReadForm(r.Request)
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: map[string]string{"a": form.Get("a")}}, nil
}

// ask sends a request line as it is, which no client library would.
func ask(t *testing.T, srv *httptest.Server, method, target string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, target)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return resp
}

func TestNoPathIsRedirected(t *testing.T) {
	t.Parallel()
	k := quietKit()
	mux := http.NewServeMux()
	for _, p := range []string{"/v1/vms", "/v1/vms/{$}", "/v1/vms/auth/login", "/v1/vms/{id}", "/auth/realms/{realm}/x"} {
		mux.Handle(p, web.OAuth(k, func(_ context.Context, r *web.Request) (web.Reply, error) {
			return web.Reply{Body: r.Pattern + " " + r.PathValue("id")}, nil
		}))
	}
	mux.Handle("/", web.NotFound(k))
	srv := httptest.NewServer(k.Wrap(mux))
	t.Cleanup(srv.Close)
	const unnormalized = `{"error":"missingNormalization","error_description":"Request path not normalized"}`
	const unmatched = `{"error":"Unable to find matching target resource method"}`
	for _, c := range []struct {
		target string
		status int
		body   string
	}{
		{"/v1/vms", 200, `"/v1/vms "`},
		{"/v1/vms/", 200, `"/v1/vms/{$} "`},
		{"/v1/vms?", 200, `"/v1/vms "`},
		{"/v1/vms/?", 200, `"/v1/vms/{$} "`},
		{"/v1//vms", 200, `"/v1/vms "`},
		{"//v1/vms", 200, `"/v1/vms "`},
		{"/v1/vms//", 200, `"/v1/vms/{$} "`},
		{"/v1/vms//auth/login", 200, `"/v1/vms/auth/login "`},
		{"/v1/vms///auth//login", 200, `"/v1/vms/auth/login "`},
		{"/v1/vms//5%20%2B6", 200, `"/v1/vms/{id} 5 +6"`},
		{"/v1/vms/%2F%2Fx", 400, ""},
		{"/v1//vms/%2Fx", 400, ""},
		{"/v1/./vms", 400, unnormalized},
		{"/v1/../auth/realms/p/x", 400, unnormalized},
		{"/v1/%2e%2e/x", 400, unnormalized},
		{"/auth/realms/p/x", 200, `"/auth/realms/{realm}/x "`},
		{"/auth/realms//x", 400, unnormalized},
		{"/auth//realms/p/x", 400, unnormalized},
		{"/auth/realms/p/../x", 400, unnormalized},
		{"/auth/realms/p/x/", 404, unmatched},
		{"/auth/.../x", 404, unmatched},
		{"*", 400, ""},
	} {
		for _, method := range []string{"GET", "POST"} {
			resp := ask(t, srv, method, c.target)
			body := bodyOf(t, resp)
			if resp.StatusCode != c.status || (c.body != "" && body != c.body) || resp.Header.Get("Location") != "" {
				t.Errorf("%s %s: %d %s", method, c.target, resp.StatusCode, body)
			}
		}
	}
}

func TestNotFoundSpeaksTheDialectOfItsSide(t *testing.T) {
	t.Parallel()
	h := quietKit().Wrap(web.NotFound(quietKit()))
	for path, want := range map[string]string{"/v1": "application/problem+json", "/v1/x": "application/problem+json", "/v1x": "application/json", "/x": "application/json"} {
		resp := serve(h, httptest.NewRequest(http.MethodGet, path, nil))
		if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != want {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	k := quietKit()
	ok := web.OAuth(k, replying(web.Reply{Body: "x"}))
	h := web.Methods(k, web.OAuth, map[string]http.Handler{"GET": ok, "POST": ok})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 200, "PUT": 405, "OPTIONS": 405, "BREW": 405} {
		resp := serve(h, httptest.NewRequest(method, "/", nil))
		if resp.StatusCode != want || (want == 405) != (resp.Header.Get("Allow") == "GET, HEAD, POST") {
			t.Errorf("%s: %d %v", method, resp.StatusCode, resp.Header)
		}
		if body := bodyOf(t, resp); method == "HEAD" && (body != "" || resp.Header.Get("Content-Length") != "3") {
			t.Errorf("HEAD: %q %v", body, resp.Header)
		}
	}
}

func TestClientOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origins, redirects []string
		origin             string
		want               bool
	}{
		{nil, nil, "https://a.example", false},
		{[]string{"https://a.example"}, nil, "https://a.example", true},
		{[]string{"https://a.example/"}, nil, "https://a.example", true},
		{[]string{"https://a.example"}, nil, "https://a.example.evil", false},
		{[]string{"https://a.example"}, nil, "http://a.example", false},
		{[]string{"https://a.example"}, nil, "null", false},
		{[]string{"*"}, nil, "https://anything", true},
		{[]string{"+"}, []string{"https://a.example/cb/*"}, "https://a.example", true},
		{[]string{"+"}, []string{"https://A.example:443/*"}, "https://a.example", true},
		{[]string{"+"}, []string{"http://localhost:3000/*"}, "http://localhost:3000", true},
		{[]string{"+"}, []string{"/relative", "app:/cb", "*"}, "https://a.example", false},
		{[]string{"+"}, []string{"https://a.example/*"}, "https://b.example", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Origin", c.origin)
		h := web.ClientOrigin(r, &iam.Client{WebOrigins: c.origins, RedirectURIs: c.redirects})
		if got := h.Get("Access-Control-Allow-Origin"); (got == c.origin) != c.want || (got != "" && !c.want) {
			t.Errorf("%+v: %v", c, h)
		}
		if c.want && h.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%+v: %v", c, h)
		}
	}
	plain := httptest.NewRequest(http.MethodPost, "/", nil)
	if web.AnyOrigin(plain) != nil || web.ClientOrigin(plain, &iam.Client{WebOrigins: []string{"*"}}) != nil {
		t.Error("CORS headers without an origin")
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.Header.Set("Origin", "https://a.example")
	resp := serve(web.Preflight(quietKit(), "POST"), r)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":      "https://a.example",
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":     "POST, OPTIONS",
		"Access-Control-Max-Age":           "3600",
		"Access-Control-Allow-Headers":     "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers, Authorization",
		"Content-Length":                   "0",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if resp.StatusCode != 200 {
		t.Error(resp.StatusCode)
	}
}
