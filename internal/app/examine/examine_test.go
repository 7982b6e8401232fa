package examine_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/examine"
	"github.com/seed-a6a28e10/usher/internal/config"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// masterKey is the one apptest starts servers with.
var masterKey = bytes.Repeat([]byte("k"), 32)

// options are what the command would give for a folder without settings.
func options(data string) examine.Options {
	c := config.Defaults()
	c.Data = data
	return examine.Options{Config: c, MasterKey: masterKey, Dial: app.AdminDialer(data)}
}

// finding is what a report must say of a check.
type finding struct {
	level doctor.Level
	check string
	text  string // a part of it
}

// ofThisMachine are checks whose result depends on where the test runs.
var ofThisMachine = map[string]bool{"clock.synchronised": true, "disk.free": true, "passwords.hash": true}

// finds compares the warnings and failures with what is wanted, and looks for
// the successes that are. Findings about the built-in realm are left out.
func finds(t *testing.T, r doctor.Report, want ...finding) {
	t.Helper()
	found := make([]bool, len(want))
next:
	for _, f := range r {
		for i, w := range want {
			if f.Level == w.level && f.Check == w.check && strings.Contains(f.Text, w.text) {
				found[i] = true
				continue next
			}
		}
		if f.Level != doctor.Success && !ofThisMachine[f.Check] && f.Group() != "realms" {
			t.Errorf("also found: %s %s: %s", f.Level, f.Check, f.Text)
		}
	}
	for i, w := range want {
		if !found[i] {
			t.Errorf("not found: %s %s: …%s…", w.level, w.check, w.text)
		}
	}
	if t.Failed() {
		for _, f := range r {
			t.Logf("%s %s: %s", f.Level, f.Check, f.Text)
		}
	}
}

// quickRealm has no key of RSA and no password to hash, which take long.
const quickRealm = `{"realm":"platform","enabled":true,"sslRequired":"external","defaultSignatureAlgorithm":"ES256","clients":[{"clientId":"anonymous","publicClient":true,"directAccessGrantsEnabled":true}],
	"users":[{"username":"anna","enabled":true,"credentials":[{"type":"password",
		"secretData":"{\"value\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}",
		"credentialData":"{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}]}]}`

// front is something that stands between the public URL and the server.
type front struct {
	*httptest.Server
	target  atomic.Pointer[url.URL]
	handled atomic.Int64
	// rewrite changes a request on its way; nil passes on what the client said of
	// itself, and no more.
	rewrite func(*httputil.ProxyRequest)
	// answer changes an answer; nil leaves it.
	answer func(*http.Response) error
}

// newFront listens, so that the public URL is known before the server starts.
func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(f.target.Load())
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
			if f.rewrite != nil {
				f.rewrite(p)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if f.answer != nil {
				return f.answer(r)
			}
			return nil
		},
	}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.handled.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// serve starts a server behind the front.
func (f *front) serve(t *testing.T, o apptest.Options, trusted ...string) examine.Options {
	t.Helper()
	public := f.URL
	if o.Realm == "" {
		o.Realm = quickRealm
	}
	o.Config = func(c *app.Config) {
		c.PublicURL = public
		for _, address := range trusted {
			c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(address))
		}
	}
	u := apptest.Start(t, o)
	target, err := url.Parse("http://" + u.Addr())
	if err != nil {
		t.Fatal(err)
	}
	f.target.Store(target)
	e := options(u.Data)
	e.Config.PublicURL = public
	return e
}

// completes does what a proxy ought to: it adds the client's address to the
// header, and says by which scheme it was asked.
func completes(p *httputil.ProxyRequest) { p.SetXForwarded() }

func passesOn(*httputil.ProxyRequest) {}

func takesAway(p *httputil.ProxyRequest) {
	p.SetXForwarded()
	p.Out.Header.Del("X-Forwarded-For")
}

func knowsTheClient(p *httputil.ProxyRequest) {
	p.SetXForwarded()
	p.Out.Header.Set("X-Forwarded-For", "198.51.100.1")
}

const loopback = "127.0.0.1/32"

func TestWhatStandsInFront(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		rewrite func(*httputil.ProxyRequest)
		trusted []string
		want    finding
	}{
		{"a proxy that is trusted", knowsTheClient, []string{loopback}, finding{doctor.Success, "proxy.address", "the server sees this machine as 198.51.100.1"}},
		{"a proxy on this machine", completes, []string{loopback}, finding{doctor.Success, "proxy.address", "this machine is itself one of trusted_proxies"}},
		{"a proxy that is not trusted", completes, nil, finding{doctor.Warning, "proxy.address", "127.0.0.1 forwards requests and is not trusted"}},
		{"a proxy that believes its clients", passesOn, []string{loopback}, finding{doctor.Failure, "proxy.address", "the server believes any client about its address"}},
		{"a proxy that says nothing", takesAway, []string{loopback}, finding{doctor.Warning, "proxy.address", "127.0.0.1 forwards requests and does not say for whom"}},
		{"a pipe that is no proxy", passesOn, nil, finding{doctor.Success, "proxy.address", "the server sees this machine as 127.0.0.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			f.rewrite = c.rewrite
			f.Start()
			o := f.serve(t, apptest.Options{}, c.trusted...)
			finds(t, examine.Examine(t.Context(), o), c.want,
				finding{doctor.Success, "address.reachable", f.URL},
				finding{doctor.Success, "address.issuer", f.URL + "/auth/realms/platform"},
				finding{doctor.Success, "clock.equal", ""},
				finding{doctor.Success, "server.answers", ""})
		})
	}
}

// TestTheServerSaysItsPublicURL where there are no settings to look it up in.
func TestTheServerSaysItsPublicURL(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: quickRealm})
	finds(t, examine.Examine(t.Context(), options(u.Data)),
		finding{doctor.Success, "address.reachable", u.URL},
		finding{doctor.Success, "proxy.address", "127.0.0.1"})
}

// wrongAnswers are fronts that do not answer as the server would.
func TestWhatThePublicURLAnswers(t *testing.T) {
	t.Parallel()
	unreachable := func(text string) []finding { return []finding{{doctor.Failure, "address.reachable", text}} }
	body := func(r *http.Response, status int, text string) error {
		r.StatusCode, r.Status, r.Body = status, fmt.Sprint(status, " ", http.StatusText(status)), http.NoBody
		r.Header, r.ContentLength = http.Header{}, 0
		if text != "" {
			r.Body = readCloser{strings.NewReader(text)}
			r.ContentLength = int64(len(text))
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		answer func(*http.Response) error
		want   []finding
	}{
		{"an error", func(r *http.Response) error { return body(r, 502, "") }, unreachable("502 Bad Gateway")},
		{"a page", func(r *http.Response) error { return body(r, 200, "<html>") }, unreachable("no discovery document")},
		{"another place", func(r *http.Response) error { return body(r, 302, "") }, unreachable("302 Found")},
		{"another issuer", func(r *http.Response) error {
			return body(r, 200, `{"issuer":"http://inside:8080/auth/realms/platform"}`)
		},
			[]finding{{doctor.Failure, "address.issuer", `states the issuer "http://inside:8080/auth/realms/platform"`}, {doctor.Success, "proxy.address", ""}}},
		{"another time", func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			return nil
		}, []finding{{doctor.Failure, "clock.equal", "off this machine's"}, {doctor.Success, "proxy.address", ""}}},
		{"no time", func(r *http.Response) error {
			r.Header["Date"] = nil
			return nil
		}, []finding{{doctor.Success, "address.reachable", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			f.answer = c.answer
			f.Start()
			o := f.serve(t, apptest.Options{})
			finds(t, examine.Examine(t.Context(), o), c.want...)
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestNobodyAnswers: a closed port, and one that takes connections and says
// nothing.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Realm: quickRealm})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	o := options(u.Data)
	o.Config.PublicURL = closed.URL
	finds(t, examine.Examine(t.Context(), o), finding{doctor.Failure, "address.reachable", "connection refused"})

	done := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(done) })
	o.Config.PublicURL, o.Patience = silent.URL, 300*time.Millisecond
	finds(t, examine.Examine(t.Context(), o), finding{doctor.Failure, "address.reachable", "Client.Timeout"})
}

// TestAnotherServerAnswers: the public URL leads to an installation of the same
// name, not to that of the folder.
func TestAnotherServerAnswers(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.Start()
	o := f.serve(t, apptest.Options{})
	f.serve(t, apptest.Options{})
	finds(t, examine.Examine(t.Context(), o), finding{doctor.Warning, "proxy.probe", "did not arrive at the server of this data folder"})
}

// TestOnlyAFewRealmsAreAsked however many there are.
func TestOnlyAFewRealmsAreAsked(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.Start()
	var realms []string
	for i := range 9 {
		realms = append(realms, fmt.Sprintf(`{"realm":"r%d","enabled":%v,"defaultSignatureAlgorithm":"ES256"}`, i, i < 8))
	}
	o := f.serve(t, apptest.Options{Realm: "[" + strings.Join(realms, ",") + "]"})
	finds(t, examine.Examine(t.Context(), o),
		finding{doctor.Success, "address.issuer", "realm r0 states"}, finding{doctor.Success, "address.issuer", "realm r4 states"},
		finding{doctor.Success, "address.issuer", "3 more realms were not asked for"})
	if n := f.handled.Load(); n != 6 { // and the probe
		t.Errorf("%d requests", n)
	}
}

// saysHTTP ends TLS and keeps that to itself.
func saysHTTP(p *httputil.ProxyRequest) {
	knowsTheClient(p)
	p.Out.Header.Del("X-Forwarded-Proto")
}
