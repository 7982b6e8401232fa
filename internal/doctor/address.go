package doctor

import (
	"fmt"
	"strings"
	"time"
)

// Address is what was found out by asking the public URL, as any client would.
type Address struct {
	PublicURL string
	// Unreachable is why the public URL does not answer; nil when it does.
	Unreachable error
	// Issuers are, by realm, the issuer that the discovery document states and
	// the one the settings give it; Unasked counts realms beyond those.
	Issuers []Issuer
	Unasked int
	// Date is what the answer's Date header says, Asked when it was asked for.
	Date, Asked time.Time
	TLS         *TLS   // nil over plain http
	Proxy       *Proxy // nil where no running server could be asked
}

// Issuer is one realm's issuer as stated and as it should be.
type Issuer struct{ Realm, Stated, Wanted string }

// TLS is the certificate that the public URL shows.
type TLS struct {
	NotAfter time.Time
	// Untrusted is why this machine does not trust it; nil when it does.
	Untrusted error
	Version   string // negotiated, e.g. "TLS 1.3"
}

// Proxy is what the server of the data folder saw of a request that was sent
// through the public URL under an invented client address.
type Proxy struct {
	// Arrived is false when that server never saw it.
	Arrived  bool
	Invented string // X-Forwarded-For as it was sent
	// ForwardedFor is X-Forwarded-For as it arrived, joined by commas.
	ForwardedFor string
	Seen         string // the client address the server took
	Peer         string // who connected to the server
	Trusted      bool   // the settings name that peer as a proxy
	Secure       bool   // the server took the request for https
}

// When a certificate must be renewed.
const (
	renewSoon = 21 * 24 * time.Hour
	renewNow  = 3 * 24 * time.Hour
	clockOff  = 2 * time.Second
)

// JudgeAddress judges what the public URL answers.
func JudgeAddress(a Address, now time.Time) Report {
	var r found
	if a.Unreachable != nil {
		r.fail("address.reachable", "start the server; check DNS, firewall, proxy and certificate from this machine", "%s does not answer: %v", a.PublicURL, a.Unreachable)
		return r.list
	}
	r.ok("address.reachable", "%s answers", a.PublicURL)
	for _, i := range a.Issuers {
		if i.Stated != i.Wanted {
			r.fail("address.issuer", "set public_url to the origin that clients use, and let the proxy pass /auth on unchanged",
				"realm %s states the issuer %q at an address that should give %q", i.Realm, i.Stated, i.Wanted)
			r.asked("OpenID Connect Discovery section 4.3")
		} else {
			r.ok("address.issuer", "realm %s states its issuer, %s", i.Realm, i.Stated)
		}
	}
	if a.Unasked > 0 {
		r.ok("address.issuer", "%s not asked for", counted(int64(a.Unasked), "more realm was", "more realms were"))
	}
	clock(&r, a)
	certificate(&r, a.TLS, now)
	if a.Proxy != nil {
		proxy(&r, *a.Proxy, a.TLS != nil)
	}
	return r.list
}

func clock(r *found, a Address) {
	if a.Date.IsZero() {
		return
	}
	// A Date header has whole seconds.
	off := a.Date.Sub(a.Asked.Truncate(time.Second))
	if off.Abs() > clockOff {
		r.fail("clock.equal", "let both machines keep their clocks by a time service", "the server's clock is %s off this machine's", off)
		return
	}
	r.ok("clock.equal", "the server's clock is this machine's")
}

func certificate(r *found, t *TLS, now time.Time) {
	if t == nil {
		return
	}
	if t.Untrusted != nil {
		r.fail("tls.trusted", "serve the whole chain of a certificate that clients trust", "this machine does not trust the certificate: %v", t.Untrusted)
	} else {
		r.ok("tls.trusted", "the certificate is trusted, %s", t.Version)
	}
	left := t.NotAfter.Sub(now)
	text := fmt.Sprintf("the certificate is good for %d more days", int(left/(24*time.Hour)))
	switch {
	case left <= 0:
		r.fail("tls.days", "renew it now; the server takes new files without a restart", "the certificate ended at %s", t.NotAfter.UTC().Format(time.RFC3339))
	case left < renewNow:
		r.fail("tls.days", "renew it now; the server takes new files without a restart", "%s", text)
	case left < renewSoon:
		r.warn("tls.days", "look why it was not renewed", "%s", text)
	default:
		r.ok("tls.days", "%s", text)
	}
}

// proxy judges what stands in front of the server by what it made of a client's
// X-Forwarded-For: passed on, taken away, or completed by its own.
func proxy(r *found, p Proxy, https bool) {
	believed := p.Seen == p.Invented
	switch {
	case !p.Arrived:
		r.warn("proxy.probe", "let the proxy pass on every path, and look whether the address leads to this server or to another one",
			"a request to the public URL did not arrive at the server of this data folder")
		return
	case believed && strings.HasSuffix(p.ForwardedFor, p.Invented):
		r.fail("proxy.address", "name only your proxies in trusted_proxies, and let the first of them replace X-Forwarded-For",
			"the server believes any client about its address")
	case p.ForwardedFor == "":
		r.warn("proxy.address", "let the proxy send the client's address in X-Forwarded-For, and name it in trusted_proxies: all its clients count as one address",
			"%s forwards requests and does not say for whom", p.Peer)
	case p.ForwardedFor != p.Invented && !p.Trusted:
		r.warn("proxy.address", "name "+p.Peer+" in trusted_proxies: all its clients count as one address",
			"%s forwards requests and is not trusted", p.Peer)
	case believed:
		r.ok("proxy.address", "the proxy %s tells addresses; this machine is itself one of trusted_proxies, whose word counts", p.Peer)
	default:
		r.ok("proxy.address", "the server sees this machine as %s", p.Seen)
	}
	if https && !p.Secure {
		r.fail("proxy.https", "let the proxy send X-Forwarded-Proto: https, and name it in trusted_proxies", "the server takes https requests for plain http")
	}
}
