package examine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app/apptest"
	"github.com/seed-a6a28e10/usher/internal/app/examine"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	a := authority{template, newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate for an address, good between two moments counted
// from now.
func (a authority) sign(t *testing.T, address string, from, to time.Duration) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestCertificates are judged as a client of this machine would, and a proxy
// that ends TLS must say so.
func TestCertificates(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	trusted := finding{doctor.Success, "tls.trusted", "TLS 1.3"}
	for _, c := range []struct {
		name     string
		address  string
		from, to time.Duration
		unknown  bool
		silent   bool
		want     []finding
	}{
		{name: "sound", to: 60*day + time.Hour, want: []finding{trusted, {doctor.Success, "tls.days", "60 more days"}}},
		{name: "ends soon", to: 10*day + time.Hour, want: []finding{trusted, {doctor.Warning, "tls.days", "10 more days"}}},
		{name: "ends tomorrow", to: day + time.Hour, want: []finding{trusted, {doctor.Failure, "tls.days", "1 more days"}}},
		{name: "has ended", from: -day, to: -time.Hour, want: []finding{trusted, {doctor.Failure, "tls.days", "the certificate ended at"}}},
		{name: "is not good yet", from: time.Hour, to: 60 * day, want: []finding{{doctor.Failure, "tls.trusted", "not yet valid"}}},
		{name: "of an authority nobody knows", to: 60 * day, unknown: true, want: []finding{{doctor.Failure, "tls.trusted", "unknown authority"}}},
		{name: "of an authority nobody knows, and has ended", from: -day, to: -time.Hour, unknown: true,
			want: []finding{{doctor.Failure, "tls.trusted", "unknown authority"}, {doctor.Failure, "tls.days", "ended at"}}},
		{name: "for another name", address: "127.0.0.2", to: 60 * day, want: []finding{{doctor.Failure, "tls.trusted", "valid for 127.0.0.2, not 127.0.0.1"}}},
		{name: "behind a proxy that does not say https", to: 60 * day, silent: true,
			want: []finding{trusted, {doctor.Failure, "proxy.https", "takes https requests for plain http"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.address == "" {
				c.address = "127.0.0.1"
			}
			a := newAuthority(t)
			f := newFront(t)
			f.rewrite = knowsTheClient
			f.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, c.address, c.from, c.to)}}
			f.StartTLS()
			if c.silent {
				f.rewrite = saysHTTP
			}
			o := f.serve(t, apptest.Options{}, loopback)
			o.Roots = x509.NewCertPool()
			if !c.unknown {
				o.Roots.AddCert(a.cert)
			}
			finds(t, examine.Examine(t.Context(), o), c.want...)
		})
	}
}
