package web_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func post(contentType string, body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

const formMedia = "application/x-www-form-urlencoded"

func TestReadForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contentType, body string
		fault             oauth.Fault
	}{
		{formMedia, "a=1", ""},
		{formMedia + ";charset=UTF-8", "a=1", ""},
		{"Application/X-WWW-Form-Urlencoded ; charset=utf-8", "a=1", ""},
		{formMedia, "", ""},
		{"", "", ""},
		{"", "a=1", oauth.WrongMediaType},
		{"application/json", `{"a":1}`, oauth.WrongMediaType},
		{"application/json", "", oauth.WrongMediaType},
		{"multipart/form-data; boundary=x", "--x--", oauth.WrongMediaType},
		{"text/plain", "a=1", oauth.WrongMediaType},
		{formMedia, "a=%", oauth.BadForm},
		{formMedia, strings.Repeat("a", web.MaxBody), ""},
		{formMedia, strings.Repeat("a", web.MaxBody+1), oauth.BodyTooLarge},
		{"application/json", strings.Repeat("a", web.MaxBody+1), oauth.BodyTooLarge},
	} {
		for _, chunked := range []bool{false, true} {
			r := post(c.contentType, strings.NewReader(c.body))
			if chunked {
				r.ContentLength = -1
			}
			_, err := web.ReadForm(r)
			var refused *oauth.Error
			if errors.As(err, &refused); (c.fault == "") != (err == nil) || (refused != nil && refused.Fault != c.fault) {
				t.Errorf("%q, %.20q (%d), chunked %v: %v", c.contentType, c.body, len(c.body), chunked, err)
			}
		}
	}
}

func TestJSONBodyGetsTheCorrectedForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"username":"ann","password":"canary","client_id":"anonymous","grant_type":"password","x":1}`: "Send application/x-www-form-urlencoded, not JSON: curl -d grant_type=password -d client_id=anonymous --data-urlencode username=... --data-urlencode password=...",
		`{"grant_type":"a;rm -rf","client_id":7}`:                                                      "Send application/x-www-form-urlencoded, not JSON: curl --data-urlencode grant_type=... --data-urlencode client_id=...",
		`nonsense canary`: "Send application/x-www-form-urlencoded, not JSON.",
	} {
		_, err := web.ReadForm(post("application/json; charset=utf-8", strings.NewReader(body)))
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Hint != want {
			t.Errorf("%s: %+v", body, refused)
		}
	}
}

// unread fails the test when anybody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestTooLargeIsRefusedCheaply is not parallel: it reads the process's counter
// of allocated bytes.
func TestTooLargeIsRefusedCheaply(t *testing.T) {
	const limit, runs = 128 << 10, 8
	huge := bytes.Repeat([]byte("a"), 1<<20)
	declared := func() *http.Request {
		r := post(formMedia, unread{t})
		r.ContentLength = 10 << 20
		return r
	}
	chunked := func() *http.Request {
		r := post(formMedia, bytes.NewReader(huge))
		r.ContentLength = -1
		return r
	}
	many := func() *http.Request { return post(formMedia, strings.NewReader(strings.Repeat("a=1&", 16000))) }
	for name, made := range map[string]func() *http.Request{"declared": declared, "chunked": chunked, "many parameters": many} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := web.ReadForm(made()); err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > limit+64<<10 { // 64 KiB: the test's own body and readers
			t.Errorf("%s: %d bytes", name, got)
		}
	}
}

func TestTooLargeOverTheWire(t *testing.T) {
	t.Parallel()
	k := quietKit()
	srv := httptest.NewServer(k.Wrap(web.OAuth(k, formHandler)))
	t.Cleanup(srv.Close)
	resp, err := srv.Client().Post(srv.URL, formMedia, strings.NewReader(strings.Repeat("a", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	if body := bodyOf(t, resp); resp.StatusCode != 413 || !resp.Close || !strings.Contains(body, "invalid_request") {
		t.Errorf("%d, close %v: %s", resp.StatusCode, resp.Close, body)
	}
	resp, err = srv.Client().Post(srv.URL, formMedia, strings.NewReader("a=%F0%9F%94%91;+"))
	if err != nil {
		t.Fatal(err)
	}
	if body := bodyOf(t, resp); body != `{"a":"🔑; "}` {
		t.Errorf("%d: %s", resp.StatusCode, body)
	}
}

// greedy notes how much memory a body was offered before it had sent a byte.
type greedy struct{ first int }

func (g *greedy) Read(p []byte) (int, error) {
	g.first = len(p)
	return 0, io.ErrUnexpectedEOF
}

func TestAnnouncedBodyCostsNothing(t *testing.T) {
	t.Parallel()
	for _, announced := range []int64{web.MaxBody, -1} {
		g := &greedy{}
		r := post(formMedia, g)
		r.ContentLength = announced
		if _, err := web.ReadBody(r); web.AsError(err).Fault != oauth.BadRequest || g.first > 4<<10 {
			t.Errorf("announced %d: %v, given %d bytes", announced, err, g.first)
		}
	}
}

func TestBodiesArriveInPieces(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 4 << 10, 4<<10 + 1, 20_000, web.MaxBody} {
		for _, chunked := range []bool{false, true} {
			want := strings.Repeat("0123456789abcdef", size/16+1)[:size]
			r := post(formMedia, iotest.OneByteReader(strings.NewReader(want)))
			r.ContentLength = int64(size)
			if chunked {
				r.ContentLength = -1
			}
			if got, err := web.ReadBody(r); err != nil || string(got) != want {
				t.Errorf("%d bytes, chunked %v: %d bytes, %v", size, chunked, len(got), err)
			}
			r = post(formMedia, iotest.DataErrReader(strings.NewReader(want[1:])))
			r.ContentLength = int64(size)
			if _, err := web.ReadBody(r); web.AsError(err).Fault != oauth.BadRequest {
				t.Errorf("%d bytes, the last missing: %v", size, err)
			}
		}
	}
}

// A body that stalls until the server's time is over: 408, and the connection
// is of no further use.
func TestStalledBodyTimesOut(t *testing.T) {
	t.Parallel()
	k := quietKit()
	inner := k.Wrap(web.OAuth(k, formHandler))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)); err != nil { // long over
			t.Error(err)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	for name, framing := range map[string]string{"announced": "Content-Length: 100\r\n\r\na=1", "chunked": "Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n"} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\n%s", formMedia, framing)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := bodyOf(t, resp); resp.StatusCode != 408 || !resp.Close || !strings.Contains(body, "did not arrive in time") {
			t.Errorf("%s: %d, close %v: %s", name, resp.StatusCode, resp.Close, body)
		}
	}
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query   string
		headers []string
		token   string
		fault   oauth.Fault
	}{
		{"", []string{"Bearer abc"}, "abc", ""},
		{"", []string{"bearer abc"}, "abc", ""},
		{"", nil, "", oauth.BearerMissing},
		{"", []string{"Basic YTpi"}, "", oauth.BearerMissing},
		{"", []string{"Bearer "}, "", oauth.BearerMissing},
		{"", []string{"Bearer a b"}, "", oauth.BearerInvalid},
		{"", []string{"Bearer a", "Bearer b"}, "", oauth.BearerTwice},
		{"access_token=abc", nil, "", oauth.BearerMissing},
		{"access_token=abc", []string{"Bearer abc"}, "", oauth.BearerTwice},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+c.query, nil)
		r.Header["Authorization"] = c.headers
		got, err := web.BearerToken(r)
		if got != c.token || (c.fault == "") != (err == nil) || (err != nil && web.AsError(err).Fault != c.fault) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestTwoBasicHeadersAreMalformed(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Authorization"] = []string{"Basic YTpi", "Basic YTpi"}
	if got := web.Basic(r); got != (oauth.Basic{Present: true, Malformed: true}) {
		t.Errorf("%+v", got)
	}
}
