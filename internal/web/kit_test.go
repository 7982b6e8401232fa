package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// logged is a log that many goroutines write and a test reads.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newKit(log io.Writer, level slog.Level) *web.Kit {
	return &web.Kit{
		Log:       slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level})),
		Now:       func() time.Time { return time.Unix(1700000000, 0) },
		NewID:     func() string { return "id-1" },
		Realm:     "platform",
		ErrorDocs: "https://login.example.com/errors/",
	}
}

func quietKit() *web.Kit { return newKit(io.Discard, slog.LevelError) }

func refusing(err error) web.Handler {
	return func(context.Context, *web.Request) (web.Reply, error) { return web.Reply{}, err }
}

func replying(reply web.Reply) web.Handler {
	return func(context.Context, *web.Request) (web.Reply, error) { return reply, nil }
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryAnswerHasTheCommonHeaders(t *testing.T) {
	t.Parallel()
	k := quietKit()
	mux := http.NewServeMux()
	mux.Handle("/ok", web.OAuth(k, replying(web.Reply{Body: map[string]int{"a": 1}})))
	mux.Handle("/empty", web.OAuth(k, replying(web.Reply{Status: 204})))
	mux.Handle("/v1/refused", web.API(k, refusing(oauth.Refuse(oauth.BearerMissing))))
	mux.Handle("/panic", web.OAuth(k, func(context.Context, *web.Request) (web.Reply, error) { panic("x") }))
	h := k.Wrap(mux)
	for _, path := range []string{"/ok", "/empty", "/v1/refused", "/panic", "/none", "/v1/none", "/a//b"} {
		for _, secure := range []bool{false, true} {
			target := "http://h" + path
			if secure {
				target = "https://h" + path
			}
			resp := serve(h, httptest.NewRequest(http.MethodGet, target, nil))
			for name, want := range map[string]string{
				"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
				"X-Robots-Tag": "none", "Cache-Control": "no-store", "Pragma": "no-cache",
			} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s: %s is %q", path, name, got)
				}
			}
			if got := resp.Header.Get("Strict-Transport-Security") != ""; got != secure {
				t.Errorf("%s: Strict-Transport-Security %v, https %v", path, got, secure)
			}
		}
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reply       web.Reply
		status      int
		contentType string
		body        string
	}{
		{web.Reply{Body: map[string]string{"a": "<&>"}}, 200, "application/json", `{"a":"<&>"}`},
		{web.Reply{Status: 201, ContentType: "text/plain", Body: []byte("x")}, 201, "text/plain", "x"},
		{web.Reply{Status: 204}, 204, "", ""},
		{web.Reply{}, 200, "", ""},
		{web.Reply{Body: func() {}}, 500, "application/json", ""},
	} {
		resp := serve(web.OAuth(quietKit(), replying(c.reply)), httptest.NewRequest(http.MethodGet, "/", nil))
		body := bodyOf(t, resp)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != c.contentType || (c.body != "" && body != c.body) {
			t.Errorf("%+v: %d %q %q", c.reply, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
}

func TestErrorsKeepOnlySomeOfTheReply(t *testing.T) {
	t.Parallel()
	h := web.OAuth(quietKit(), func(context.Context, *web.Request) (web.Reply, error) {
		return web.Reply{
			Status: 201, Body: "secret",
			Header: http.Header{"Access-Control-Allow-Origin": {"https://a"}, "Cache-Control": {"max-age=60"}},
		}, &oauth.Error{Fault: oauth.Busy, RetryAfter: 7, ID: "event-9"}
	})
	resp := serve(h, httptest.NewRequest(http.MethodPost, "/", nil))
	body := bodyOf(t, resp)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" || resp.Header.Get("Cache-Control") != "no-store" ||
		resp.Header.Get("Access-Control-Allow-Origin") != "https://a" || !strings.Contains(body, `"error_id":"event-9"`) ||
		strings.Contains(body, "secret") {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
}

func TestAsError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want oauth.Fault
	}{
		{oauth.Refuse(oauth.UserDisabled), oauth.UserDisabled},
		{errors.Join(errors.New("x"), oauth.Refuse(oauth.UserDisabled)), oauth.UserDisabled},
		{oauth.Refuse(oauth.UserDisabled).Because(iam.ErrUnavailable), oauth.UserDisabled},
		{errors.Join(iam.ErrUnavailable), oauth.Unavailable},
		{context.DeadlineExceeded, oauth.Unavailable},
		{iam.BusyError{RetryAfter: 3}, oauth.Busy},
		{iam.BusyError{RetryAfter: 3, Address: true}, oauth.TooManyFailures},
		{&http.MaxBytesError{}, oauth.BodyTooLarge},
		{iam.ErrNotFound, oauth.Internal},
		{io.EOF, oauth.Internal},
	} {
		if got := web.AsError(c.err); got.Fault != c.want {
			t.Errorf("AsError(%v) = %s, want %s", c.err, got.Fault, c.want)
		}
	}
}

// J22 (ASVS 16.2 to 16.5): a panic becomes one 500 and one log line without
// what was sent, and the process lives.
func TestJ22_APanicIsA500AndTheProcessLives(t *testing.T) {
	t.Parallel()
	var log logged
	k := newKit(&log, slog.LevelInfo)
	mux := http.NewServeMux()
	mux.Handle("/adapted", web.OAuth(k, func(context.Context, *web.Request) (web.Reply, error) { panic("canary-value") }))
	mux.Handle("/runtime", web.API(k, func(context.Context, *web.Request) (web.Reply, error) {
		var none *web.Request
		none.Secure = true
		return web.Reply{}, nil
	}))
	mux.HandleFunc("/bare", func(http.ResponseWriter, *http.Request) { panic(errors.New("bare")) })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		panic("late")
	})
	srv := httptest.NewServer(k.Wrap(mux))
	t.Cleanup(srv.Close)
	for _, path := range []string{"/adapted", "/runtime", "/bare"} {
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if body := bodyOf(t, resp); resp.StatusCode != 500 || !strings.Contains(body, `"error_id":"id-1"`) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	if resp, err := srv.Client().Post(srv.URL+"/late", "", strings.NewReader("x")); err == nil {
		if _, err = io.ReadAll(resp.Body); err == nil {
			t.Error("half an answer looked whole")
		}
		resp.Body.Close()
	}
	if out := log.String(); strings.Count(out, `"stack"`) != 4 || strings.Contains(out, "canary-value") {
		t.Errorf("log: %s", out)
	}
}

func TestTheLogIsQuietAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	var log logged
	k := newKit(&log, slog.LevelInfo)
	mux := http.NewServeMux()
	mux.Handle("/ok", web.OAuth(k, replying(web.Reply{Body: 1})))
	mux.Handle("/no/{x}", web.OAuth(k, refusing(oauth.Refuse(oauth.WrongCredentials).Because(errors.New("bad\n\x1b[31mline\u202e")))))
	h := k.Wrap(mux)
	serve(h, httptest.NewRequest(http.MethodGet, "/ok?code=canary", nil))
	if out := log.String(); out != "" {
		t.Fatalf("a line for a successful GET: %s", out)
	}
	r := httptest.NewRequest(http.MethodPost, "/no/a%0A%1B%5Bb?password=canary", strings.NewReader("password=canary"))
	r.Header.Set("Authorization", "Bearer canary")
	r.Header.Set("Cookie", "canary")
	serve(h, r)
	out := log.String()
	for _, want := range []string{`"fault":"wrong_credentials"`, `"error_id":"id-1"`, `"route":"/no/{x}"`, `"status":401`, `"elapsed_ms":`, `bad\\n\\x1b[31mline\\u202e`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	if strings.Contains(out, "canary") || strings.Count(out, "\n") != 1 || strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("log: %q", out)
	}
}

func TestMetricsSeeClosedLabels(t *testing.T) {
	t.Parallel()
	var got []string
	k := quietKit()
	k.Observe = func(route, method string, status int, _ time.Duration) {
		got = append(got, route+" "+method+" "+http.StatusText(status))
	}
	mux := http.NewServeMux()
	mux.Handle("/r/{x}", web.OAuth(k, replying(web.Reply{})))
	mux.Handle("/", web.NotFound(k))
	h := k.Wrap(mux)
	for _, c := range [][2]string{{"GET", "/r/1"}, {"BREW", "/r/2"}, {"GET", "/canary"}, {"GET", "/a/../b"}} {
		serve(h, httptest.NewRequest(c[0], c[1], nil))
	}
	want := []string{"/r/{x} GET OK", "/r/{x} OTHER OK", "unmatched GET Not Found", "unmatched GET Bad Request"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("observed %q", got)
	}
}
