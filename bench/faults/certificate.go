package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// certificates replaces the certificate while clients connect all the time, by
// good ones and by a broken file. No handshake fails, a good one is served
// within ten seconds, and a broken one changes nothing.
func certificates(ctx context.Context, l *lab) (string, error) {
	pair, err := newCertificate(l.dir, "served")
	if err != nil {
		return "", err
	}
	o := rig.Options{Settings: pair.settings()}
	s, err := l.serveTLS(ctx, &o)
	if err != nil {
		return "", err
	}
	defer s.Kill()
	stop := make(chan struct{})
	var group sync.WaitGroup
	var good, bad atomic.Int64
	var lost atomic.Value
	for range 4 {
		group.Go(func() { handshakes(s.Address, stop, &good, &bad, &lost) })
	}
	longest := time.Duration(0)
	for range max(1, int(l.seconds/(5*time.Second))) {
		serial, err := pair.replace()
		if err != nil {
			return "", err
		}
		took, err := eventually(10*time.Second, func() error { return serves(s.Address, serial) })
		if err != nil {
			return "", fmt.Errorf("a new certificate: %w", err)
		}
		longest = max(longest, took)
		if err := os.WriteFile(pair.cert, []byte("not a certificate\n"), 0o600); err != nil {
			return "", err
		}
		time.Sleep(3 * time.Second) // long enough for the server to look at it
		if err := serves(s.Address, serial); err != nil {
			return "", fmt.Errorf("after a broken file: %w", err)
		}
	}
	close(stop)
	group.Wait()
	if n := bad.Load(); n > 0 {
		return "", fmt.Errorf("%d of %d handshakes failed: %v", n, n+good.Load(), lost.Load())
	}
	return fmt.Sprintf("%d handshakes, none failed; a new certificate was served within %s", good.Load(), longest.Round(10*time.Millisecond)), nil
}

func handshakes(address string, stop <-chan struct{}, good, bad *atomic.Int64, lost *atomic.Value) {
	tick := time.NewTicker(20 * time.Millisecond) // fifty a second each
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			bad.Add(1)
			lost.Store(err.Error())
			continue
		}
		good.Add(1)
		c.Close()
	}
}

// serves fails unless the server shows the certificate of that serial number.
func serves(address string, serial *big.Int) error {
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	if got := c.ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(serial) != 0 {
		return fmt.Errorf("certificate %d is served, not %d", got, serial)
	}
	return nil
}

// keyPair is a certificate with its key in two files.
type keyPair struct {
	cert, key string
	serial    int64
}

func newCertificate(dir, name string) (*keyPair, error) {
	p := &keyPair{cert: filepath.Join(dir, name+".crt"), key: filepath.Join(dir, name+".key")}
	_, err := p.replace()
	return p, err
}

func (p *keyPair) settings() string {
	return "tls_cert_file: " + p.cert + "\ntls_key_file: " + p.key + "\n"
}

// replace makes a new key and certificate and moves both into place, as tools
// that renew certificates do.
func (p *keyPair) replace() (*big.Int, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.serial), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := move(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		return nil, err
	}
	return template.SerialNumber, move(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func move(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// serveTLS starts a server that speaks https.
func (l *lab) serveTLS(ctx context.Context, o *rig.Options) (*rig.Server, error) {
	var err error
	if o.Dir, err = l.folder(); err != nil {
		return nil, err
	}
	if o.Address, err = rig.FreeAddress(); err != nil {
		return nil, err
	}
	o.RealmFile, o.PublicURL, o.TLS = l.realm, "https://"+o.Address, true
	return rig.StartUsher(ctx, l.binary, *o)
}
