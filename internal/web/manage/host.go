package manage

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// OnLoopback refuses requests that name another host than this machine's
// loopback (421), where the listener is bound there. A page that a browser of
// this machine shows could otherwise give its own name this address, and read
// what is meant for nobody else. A request that names none is no browser's.
func OnLoopback(bound net.Addr, next http.Handler) http.Handler {
	if tcp, ok := bound.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			http.Error(w, "this listener answers only under the names of the loopback: localhost, 127.0.0.1, [::1]", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ".")
	if host == "" || strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
