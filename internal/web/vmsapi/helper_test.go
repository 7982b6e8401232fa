package vmsapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web"
)

const (
	testIssuer = "https://login.example/auth/realms/platform"
	testAPI    = "https://api.example"
)

// fixture is the API over a fake verifier: the token is the user's name.
type fixture struct {
	handler http.Handler
	router  routers.Router

	mu  sync.Mutex
	now time.Time
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func newFixture(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{now: time.Unix(1_700_000_000, 0)}
	c := Config{
		Kit:    &web.Kit{Now: f.clock, NewID: func() string { return "11111111-2222-4333-8444-555555555555" }, Realm: "platform"},
		Verify: verify, List: list, Admit: admit, Now: f.clock, Issuer: testIssuer, API: testAPI, Version: "v0.0.0-test",
	}
	if change != nil {
		change(&c)
	}
	a, mux := New(c), http.NewServeMux()
	a.Mount(mux)
	mux.Handle("/", web.NotFound(c.Kit))
	f.handler = c.Kit.Wrap(mux)
	doc, err := openapi3.NewLoader().LoadFromData(a.document)
	if err != nil {
		t.Fatal(err)
	}
	if f.router, err = legacy.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
	return f
}

func verify(_ context.Context, raw string) (vms.Caller, error) {
	switch raw {
	case "expired":
		return vms.Caller{}, oauth.RefuseArg(oauth.BearerInvalid, "Token expired 42 s ago")
	case "trouble":
		return vms.Caller{}, &oauth.Error{Fault: oauth.Unavailable, RetryAfter: 1}
	}
	return vms.Caller{RealmID: "r", UserID: raw, Username: raw}, nil
}

// admit wants https of the user secured.
func admit(r *web.Request, c vms.Caller) error {
	if c.UserID == "secured" && !r.Secure {
		return oauth.Refuse(oauth.HTTPSRequired)
	}
	return nil
}

func list(_ context.Context, c vms.Caller) (*vms.List, error) {
	switch c.UserID {
	case "nobody":
		return vms.NewList(nil)
	case "unlucky":
		return nil, fmt.Errorf("list: %w", iam.ErrUnavailable)
	}
	return vms.NewList([]vms.VideoManager{
		{ID: 5, Name: "Eins <Zwei>", UUID: "u5", Configuration: []byte(`{"a":[1]}`)}, {ID: 97, Name: "Neun", UUID: "u97"},
	})
}

// do sends a request and checks the answer against the OpenAPI document.
func (f *fixture) do(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	f.conforms(t, r, w)
	return w
}

func (f *fixture) get(t testing.TB, path, token string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return f.do(t, r)
}

var slashes = regexp.MustCompile(`/+`)

// conforms checks status, headers and body. Methods that every path has
// (OPTIONS, and 405) are not in the document, and HEAD is GET's.
func (f *fixture) conforms(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if r.Method != http.MethodGet || w.Code == http.StatusNotFound {
		return
	}
	plain := strings.TrimSuffix(slashes.ReplaceAllString(r.URL.Path, "/"), "/")
	u, err := url.Parse(testAPI + plain)
	if err != nil {
		t.Fatal(err)
	}
	like := &http.Request{Method: r.Method, URL: u, Header: r.Header, Host: u.Host}
	route, params, err := f.router.FindRoute(like)
	if err != nil {
		t.Fatalf("%s is not in the document: %v", plain, err)
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: like, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Result().Header, Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")},
	}
	if in.Options.ExcludeResponseBody { // a body the validator cannot read: only that the type is documented
		documented := route.Operation.Responses.Status(w.Code)
		if documented == nil || documented.Value.Content.Get("text/html") == nil {
			t.Errorf("%s %d: an HTML answer is not in the document", plain, w.Code)
		}
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		t.Errorf("%s %d differs from the document: %v\n%s", plain, w.Code, err, w.Body)
	}
}
