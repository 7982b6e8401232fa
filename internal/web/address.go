package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// client returns the client's address and whether it used https. Only what a
// listed proxy says counts, and of X-Forwarded-For only the part that listed
// proxies wrote: the walk goes from the right to the first address that is
// none of theirs.
func (k *Kit) client(r *http.Request) (address netip.Addr, secure bool) {
	peer := parseAddr(r.RemoteAddr)
	secure = r.TLS != nil
	if len(k.Trusted) == 0 || !k.trusts(peer) {
		return peer, secure
	}
	if proto := r.Header["X-Forwarded-Proto"]; len(proto) > 0 {
		secure = allHTTPS(proto)
	}
	return k.walk(peer, r.Header["X-Forwarded-For"]), secure
}

// walk follows X-Forwarded-For from the peer towards the client and stops at
// the first address that is not trusted, or at an entry it cannot read: what
// lies behind either is hearsay.
func (k *Kit) walk(peer netip.Addr, lines []string) netip.Addr {
	address := peer
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for rest != "" {
			var entry string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				rest, entry = "", rest
			}
			next := parseAddr(strings.Trim(entry, " \t"))
			if !next.IsValid() {
				return address
			}
			address = next
			if !k.trusts(address) {
				return address
			}
		}
	}
	return address
}

func (k *Kit) trusts(a netip.Addr) bool {
	if !a.IsValid() {
		return false
	}
	for _, p := range k.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddr reads an address with or without a port; the zero Addr stands for
// anything else. IPv4 in IPv6 counts as IPv4, and a zone is left out.
func parseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		s = strings.TrimSuffix(inner, "]")
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// allHTTPS says whether every hop that X-Forwarded-Proto tells of used https.
func allHTTPS(lines []string) bool {
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if !strings.EqualFold(strings.Trim(entry, " \t"), "https") {
				return false
			}
		}
	}
	return true
}
