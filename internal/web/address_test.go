package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/web"
)

// seenAs returns what a handler is told about a request.
func seenAs(k *web.Kit, r *http.Request) (address string, secure bool) {
	h := web.OAuth(k, func(_ context.Context, r *web.Request) (web.Reply, error) {
		address, secure = r.Address.String(), r.Secure
		return web.Reply{}, nil
	})
	serve(k.Wrap(h), r)
	return address, secure
}

func proxied() *web.Kit {
	k := quietKit()
	k.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	return k
}

// spoofs are headers that pretend to another address or to https.
func spoofs() []http.Header {
	var all []http.Header
	for _, name := range []string{
		"X-Forwarded-For", "X_Forwarded_For", "x-forwarded-for", "Forwarded", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
		"X-Client-Ip", "X-Cluster-Client-Ip", "X-Forwarded", "Forwarded-For", "Via", "Client-Ip", "X-Original-Forwarded-For",
	} {
		for _, value := range []string{"127.0.0.1", "for=127.0.0.1;proto=https", "10.0.0.1, 127.0.0.1"} {
			all = append(all, http.Header{name: {value}})
		}
	}
	return append(all,
		http.Header{"X-Forwarded-For": {"127.0.0.1", "10.0.0.1"}},
		http.Header{"X-Forwarded-For": {strings.Repeat("10.0.0.1,", 500)}},
		http.Header{"X-Forwarded-For": {"\t 127.0.0.1"}},
		http.Header{"X-Forwarded-For": {"[::1]:443"}},
		http.Header{"X-Forwarded-For": {"::ffff:127.0.0.1"}},
		http.Header{"X-Forwarded-For": {"unknown"}},
		http.Header{"X-Forwarded-Proto": {"https"}},
		http.Header{"X_Forwarded_Proto": {"https"}, "X-Forwarded-Ssl": {"on"}, "Front-End-Https": {"on"}, "X-Url-Scheme": {"https"}},
		http.Header{"X-Forwarded-Scheme": {"https"}, "X-Forwarded-Port": {"443"}, "X-Forwarded-Host": {"evil"}},
	)
}

// J18 (ASVS 4.1.3, 15.3.4): no header of a peer that is not listed, in fifty
// shapes, changes its address or makes it https.
func TestJ18_UntrustedPeersCannotChooseTheirAddress(t *testing.T) {
	t.Parallel()
	k := proxied()
	shapes := spoofs()
	if len(shapes) < 50 {
		t.Fatalf("only %d shapes", len(shapes))
	}
	for _, headers := range shapes {
		for peer, want := range map[string]string{
			"203.0.113.7:5000": "203.0.113.7", "[2001:db8::1]:5000": "2001:db8::1", "[::ffff:203.0.113.7]:1": "203.0.113.7", "[fe80::1%eth0]:9": "fe80::1",
		} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header = peer, headers
			if got, secure := seenAs(k, r); got != want || secure {
				t.Errorf("%s with %v: %s, https %v", peer, headers, got, secure)
			}
		}
	}
}

func TestTheWalkThroughTrustedProxies(t *testing.T) {
	t.Parallel()
	const peer = "10.0.0.9"
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{nil, peer},
		{[]string{"203.0.113.7"}, "203.0.113.7"},
		{[]string{"1.2.3.4, 203.0.113.7"}, "203.0.113.7"},
		{[]string{"1.2.3.4, 203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		{[]string{"1.2.3.4", "203.0.113.7"}, "203.0.113.7"},
		{[]string{"203.0.113.7", "10.0.0.3,10.0.0.4"}, "203.0.113.7"},
		{[]string{"203.0.113.7:4711"}, "203.0.113.7"},
		{[]string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{[]string{"[2001:db8::1]"}, "2001:db8::1"},
		{[]string{"2001:db8::1, fd00::1"}, "2001:db8::1"},
		{[]string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{[]string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		{[]string{"203.0.113.7, unknown"}, peer},
		{[]string{"203.0.113.7, 10.0.0.2, "}, peer},
		{[]string{"203.0.113.7, garbage, 10.0.0.2"}, "10.0.0.2"},
		{[]string{""}, peer},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = peer+":80", c.lines
		r.Header["Forwarded"] = []string{"for=198.51.100.1"}
		r.Header["X_Forwarded_For"] = []string{"198.51.100.1"}
		if got, _ := seenAs(proxied(), r); got != c.want {
			t.Errorf("%q: %s, want %s", c.lines, got, c.want)
		}
	}
}

func TestSecureComesFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url, peer string
		proto     []string
		want      bool
	}{
		{"http://h/", "10.0.0.9:1", nil, false},
		{"http://h/", "10.0.0.9:1", []string{"https"}, true},
		{"http://h/", "10.0.0.9:1", []string{"HTTPS"}, true},
		{"http://h/", "10.0.0.9:1", []string{"http"}, false},
		{"http://h/", "10.0.0.9:1", []string{"https", "http"}, false},
		{"http://h/", "10.0.0.9:1", []string{"https, http"}, false},
		{"http://h/", "203.0.113.7:1", []string{"https"}, false},
		{"https://h/", "203.0.113.7:1", []string{"http"}, true},
		{"https://h/", "10.0.0.9:1", []string{"http"}, false},
		{"https://h/", "10.0.0.9:1", nil, true},
	} {
		r := httptest.NewRequest(http.MethodGet, c.url, nil)
		r.RemoteAddr, r.Header["X-Forwarded-Proto"] = c.peer, c.proto
		if _, got := seenAs(proxied(), r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func FuzzProxyHeader(f *testing.F) {
	f.Add("127.0.0.1", "https")
	f.Add("[::1]:80, 10.0.0.1", "https,http")
	f.Add(",,,", "\x00")
	f.Fuzz(func(t *testing.T, forwarded, proto string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = []string{forwarded}, []string{proto}
		r.RemoteAddr = "203.0.113.7:80"
		if got, secure := seenAs(proxied(), r); got != "203.0.113.7" || secure {
			t.Fatalf("untrusted peer: %s, %v", got, secure)
		}
		r.RemoteAddr = "10.0.0.9:80"
		if got, _ := seenAs(proxied(), r); got == "invalid IP" {
			t.Fatal("lost the address")
		}
	})
}
