package doctor

import (
	"fmt"
	"time"
)

// Address is what was found out by asking the public URL, as any client would.
type Address struct {
	PublicURL string
	// Unreachable is why the public URL does not answer; nil when it does.
	Unreachable error
	// Issuers are, by realm, the issuer that the discovery document states and
	// the one the settings give it.
	Issuers []Issuer
	// Date is what the answer's Date header says, Asked when it was asked for.
	Date, Asked time.Time
	TLS         *TLS   // nil over plain http
	Proxy       *Proxy // nil where no running server could be asked
	// Management is the address of the management listener where others can
	// reach it; "" on loopback.
	Management string
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

// Proxy is what the server saw of a request that doctor sent through the
// public URL with a client address of its own invention.
type Proxy struct {
	Invented string // X-Forwarded-For as doctor sent it
	Seen     string // the client address the server took
	Peer     string // who connected to the server
	Secure   bool   // the server took the request for https
	// Forwarded says that the request came with forwarding headers of a peer
	// that the settings do not trust.
	Forwarded bool
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
	clock(&r, a)
	certificate(&r, a.TLS, now)
	if a.Proxy != nil {
		proxy(&r, *a.Proxy, a.TLS != nil)
	}
	if a.Management != "" {
		r.warn("address.management", "set management_listen to a loopback or an internal address", "metrics and profiles are served on %s", a.Management)
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

func proxy(r *found, p Proxy, https bool) {
	switch {
	case p.Seen == p.Invented:
		r.fail("proxy.address", "name only your proxies in trusted_proxies, and let the first of them replace X-Forwarded-For",
			"the server believes any client about its address")
	case p.Forwarded:
		r.warn("proxy.address", "name the proxy in trusted_proxies, e.g. "+p.Peer+"/32: all its clients count as one address",
			"%s forwards requests and is not trusted", p.Peer)
	default:
		r.ok("proxy.address", "the server sees this machine as %s", p.Seen)
	}
	if https && !p.Secure {
		r.fail("proxy.https", "let the proxy send X-Forwarded-Proto: https, and name it in trusted_proxies", "the server takes https requests for plain http")
	}
}
