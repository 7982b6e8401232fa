package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-a6a28e10/usher/internal/web"
)

// TestAProbeTellsHowItArrived sends announced probes past proxies that are
// trusted and proxies that are not.
func TestAProbeTellsHowItArrived(t *testing.T) {
	t.Parallel()
	kit := quietKit()
	kit.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	n := 0
	probes := web.NewProbes(func() string { n++; return fmt.Sprint("probe-", n) })
	mux := http.NewServeMux()
	probes.Mount(kit, mux)
	h := kit.Wrap(mux)
	ask := func(id, peer string, header http.Header) int {
		q := httptest.NewRequest("GET", "/.well-known/usher-probe/"+id, nil)
		q.RemoteAddr, q.Header = peer+":4711", header
		return serve(h, q).StatusCode
	}
	for _, c := range []struct {
		name, peer string
		header     http.Header
		want       web.Seen
	}{
		{"straight", "192.0.2.9", http.Header{}, web.Seen{Address: "192.0.2.9", Peer: "192.0.2.9"}},
		{"through a trusted proxy", "10.0.0.5", http.Header{"X-Forwarded-For": {"198.51.100.7, 192.0.2.9"}, "X-Forwarded-Proto": {"https"}},
			web.Seen{Address: "192.0.2.9", Peer: "10.0.0.5", Trusted: true, Secure: true, ForwardedFor: []string{"198.51.100.7, 192.0.2.9"}}},
		{"through another one", "10.0.1.5", http.Header{"X-Forwarded-For": {"192.0.2.9"}, "X-Forwarded-Proto": {"https"}},
			web.Seen{Address: "10.0.1.5", Peer: "10.0.1.5", ForwardedFor: []string{"192.0.2.9"}}},
	} {
		id := probes.Announce()
		if _, ok := probes.Seen(id); ok {
			t.Errorf("%s: seen before it was sent", c.name)
		}
		if status := ask(id, c.peer, c.header); status != http.StatusNoContent {
			t.Errorf("%s: %d", c.name, status)
		}
		got, ok := probes.Seen(id)
		if diff := cmp.Diff(c.want, got); !ok || diff != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, diff)
		}
	}
	if status := ask("guessed", "192.0.2.9", http.Header{}); status != http.StatusNotFound {
		t.Errorf("a probe nobody announced: %d", status)
	}
	first := probes.Announce()
	for range 20 {
		probes.Announce()
	}
	if status := ask(first, "192.0.2.9", http.Header{}); status != http.StatusNotFound {
		t.Errorf("a probe long forgotten: %d", status)
	}
}
