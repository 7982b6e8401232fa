package examine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// askAddress asks the public URL for realms' discovery documents, or where there
// is none to ask for, only whether it answers.
func askAddress(ctx context.Context, o Options, realms []string, running bool) doctor.Address {
	origin := strings.TrimRight(o.Config.PublicURL, "/")
	a := doctor.Address{PublicURL: o.Config.PublicURL}
	client, shown := publicClient(o.Patience)
	defer client.CloseIdleConnections()
	if !slices.Contains(o.Config.Serve, "login") {
		realms = nil
	}
	if len(realms) > mostAsked {
		a.Unasked = len(realms) - mostAsked
		realms = realms[:mostAsked]
	}
	for _, realm := range realms {
		wanted := origin + "/auth/realms/" + url.PathEscape(realm)
		stated, err := askIssuer(ctx, client, wanted, &a)
		if err != nil {
			a.Unreachable = err
			return a
		}
		a.Issuers = append(a.Issuers, doctor.Issuer{Realm: realm, Stated: stated, Wanted: wanted})
	}
	if len(realms) == 0 {
		answer, err := get(ctx, client, origin+"/", nil, &a)
		if err != nil {
			a.Unreachable = err
			return a
		}
		answer.Body.Close()
		if answer.StatusCode >= http.StatusInternalServerError { // a proxy, for a server that does not run
			a.Unreachable = fmt.Errorf("%s is answered %s", answer.Request.URL, answer.Status)
			return a
		}
	}
	if state := *shown; state != nil {
		a.TLS = judgeable(origin, state, o.Roots)
	}
	if running {
		a.Proxy = sendProbe(ctx, o, client, origin)
	}
	return a
}

// publicClient takes any certificate, since what is wrong with it is a finding
// of its own, and notes what it was shown. It follows no redirect.
func publicClient(patience time.Duration) (*http.Client, **tls.ConnectionState) {
	shown := new(*tls.ConnectionState)
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { *shown = &s; return nil },
	}}
	return &http.Client{Timeout: patience, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, shown
}

// askIssuer is the issuer that a discovery document states.
func askIssuer(ctx context.Context, client *http.Client, issuer string, a *doctor.Address) (stated string, err error) {
	answer, err := get(ctx, client, issuer+"/.well-known/openid-configuration", nil, a)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s is answered %s", answer.Request.URL, answer.Status)
	}
	var doc struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&doc); err != nil {
		return "", fmt.Errorf("%s is answered by something that is no discovery document: %w", answer.Request.URL, err)
	}
	return doc.Issuer, nil
}

// get asks, and notes what time it is on both sides.
func get(ctx context.Context, client *http.Client, address string, header http.Header, a *doctor.Address) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		q.Header[name] = values
	}
	answer, err := client.Do(q)
	if err != nil {
		return nil, err
	}
	a.Asked = time.Now()
	if a.Date, err = http.ParseTime(answer.Header.Get("Date")); err != nil {
		a.Date = time.Time{} // a proxy took it away: the clocks are not compared
	}
	return answer, nil
}

// judgeable verifies the shown certificate as a client of this machine would.
// That it has ended is told as days, so it is judged as of its last one.
func judgeable(origin string, s *tls.ConnectionState, roots *x509.CertPool) *doctor.TLS {
	leaf := s.PeerCertificates[0]
	how := x509.VerifyOptions{Intermediates: x509.NewCertPool(), Roots: roots}
	for _, c := range s.PeerCertificates[1:] {
		how.Intermediates.AddCert(c)
	}
	if u, err := url.Parse(origin); err == nil {
		how.DNSName = u.Hostname()
	}
	if time.Now().After(leaf.NotAfter) {
		how.CurrentTime = leaf.NotAfter
	}
	_, err := leaf.Verify(how)
	return &doctor.TLS{NotAfter: leaf.NotAfter, Version: tls.VersionName(s.Version), Untrusted: err}
}
