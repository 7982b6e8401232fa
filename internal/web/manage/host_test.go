package manage

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForeignHostsAreRefusedOnLoopback(t *testing.T) {
	t.Parallel()
	four, six := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9000}, &net.TCPAddr{IP: net.IPv6loopback, Port: 9000}
	for _, c := range []struct {
		bound net.Addr
		host  string
		want  int
	}{
		{four, "127.0.0.1:9000", 200},
		{four, "127.8.8.8", 200},
		{four, "localhost:9000", 200},
		{four, "LOCALHOST.:9000", 200},
		{four, "", 200},
		{six, "[::1]:9000", 200},
		{six, "[::1]", 200},
		{six, "[::ffff:127.0.0.1]:9000", 200},
		{four, "evil.example.org:9000", 421},
		{four, "evil.example.org", 421},
		{four, "localhost.evil.example.org", 421},
		{four, "127.0.0.1.evil.example.org:9000", 421},
		{four, "192.0.2.1:9000", 421},
		{four, "0.0.0.0:9000", 421},
		{six, "[2001:db8::1]:9000", 421},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 9000}, "metrics.example.org", 200},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9000}, "metrics.example.org", 200},
		{&net.UnixAddr{Name: "/run/m.sock", Net: "unix"}, "metrics.example.org", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		OnLoopback(c.bound, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("bound to %s, asked as %q: %d", c.bound, c.host, w.Code)
		}
	}
}
