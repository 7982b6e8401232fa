package examine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/config"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// patience bounds each question to an address.
const patience = 10 * time.Second

// invented is a client address that no client has (RFC 5737).
const invented = "192.0.2.77"

// askAddress asks the public URL for each realm's discovery document.
func askAddress(ctx context.Context, c config.Config, dial Dialer, realms []string) doctor.Address {
	a := doctor.Address{PublicURL: c.PublicURL, Management: openTo(c.ManagementListen)}
	client, shown := publicClient()
	defer client.CloseIdleConnections()
	for _, realm := range realms {
		wanted := strings.TrimRight(c.PublicURL, "/") + "/auth/realms/" + url.PathEscape(realm)
		a.Asked = time.Now()
		stated, date, err := askIssuer(ctx, client, wanted)
		if err != nil {
			a.Unreachable = err
			return a
		}
		a.Date = date
		a.Issuers = append(a.Issuers, doctor.Issuer{Realm: realm, Stated: stated, Wanted: wanted})
	}
	if state := *shown; state != nil {
		a.TLS = judgeable(c.PublicURL, state)
	}
	a.Proxy = sendProbe(ctx, client, dial, c)
	return a
}

// publicClient takes any certificate, since what is wrong with it is a finding
// of its own, and notes what it was shown. It follows no redirect.
func publicClient() (*http.Client, **tls.ConnectionState) {
	shown := new(*tls.ConnectionState)
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { *shown = &s; return nil },
	}}
	return &http.Client{Timeout: patience, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, shown
}

// askIssuer is the issuer that a discovery document states.
func askIssuer(ctx context.Context, client *http.Client, issuer string) (stated string, date time.Time, err error) {
	answer, err := get(ctx, client, issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return "", date, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", date, fmt.Errorf("%s answers %s", answer.Request.URL, answer.Status)
	}
	var doc struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&doc); err != nil {
		return "", date, fmt.Errorf("%s: %w", answer.Request.URL, err)
	}
	date, err = http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		date = time.Time{} // a proxy took it away: the clocks are not compared
	}
	return doc.Issuer, date, nil
}

func get(ctx context.Context, client *http.Client, address string, header http.Header) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		q.Header[name] = values
	}
	return client.Do(q)
}

// judgeable verifies the shown certificate as a client of this machine would.
func judgeable(publicURL string, s *tls.ConnectionState) *doctor.TLS {
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	var host string
	if u, err := url.Parse(publicURL); err == nil {
		host = u.Hostname()
	}
	t := &doctor.TLS{NotAfter: leaf.NotAfter, Version: tls.VersionName(s.Version)}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Intermediates: between})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		err = nil // told as days
	}
	t.Untrusted = err
	return t
}

// sendProbe announces a probe at the running server's socket, sends it through
// the public URL under an invented client address, and asks how it arrived. nil
// where no server runs here or the probe reached another one.
func sendProbe(ctx context.Context, client *http.Client, dial Dialer, c config.Config) *doctor.Proxy {
	socket := &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}
	defer socket.CloseIdleConnections()
	var probe api.Probe
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin"+api.AdminProbes, nil)
	if err != nil || order(socket, q, http.StatusCreated, &probe) != nil {
		return nil
	}
	answer, err := get(ctx, client, strings.TrimRight(c.PublicURL, "/")+probe.Path, http.Header{"X-Forwarded-For": {invented}})
	if err != nil {
		return nil
	}
	answer.Body.Close()
	if q, err = http.NewRequestWithContext(ctx, http.MethodGet, "http://admin"+api.AdminPath(api.AdminProbe, probe.ID), nil); err != nil {
		return nil
	}
	var seen api.ProbeSeen
	if order(socket, q, http.StatusOK, &seen) != nil {
		return nil
	}
	return &doctor.Proxy{Invented: invented, Seen: seen.Address, Peer: seen.Peer, Secure: seen.Secure,
		// Our own header reaches the server even where nothing stands in front.
		Forwarded: seen.Forwarded && !direct(c, seen.Peer)}
}

// order sends a request to the admin socket and reads the answer.
func order(client *http.Client, q *http.Request, want int, into any) error {
	answer, err := client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		return fmt.Errorf("the admin socket answers %s", answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(into)
}

// direct says whether a request of this machine reaches the server with nothing
// in between: the public URL's port is the listener's, and the peer is us.
func direct(c config.Config, peer string) bool {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	_, listens, err := net.SplitHostPort(c.Listen)
	return err == nil && port == listens && ourAddress(peer)
}

// ourAddress says whether an address is one of this machine's.
func ourAddress(text string) bool {
	ip := net.ParseIP(text)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// openTo is a listener's address where others than this machine can reach it.
func openTo(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsPrivate()) {
		return ""
	}
	return listen
}
