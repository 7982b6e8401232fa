package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// certificate is the one that new connections get; nil where the public
// listener speaks plain http.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	current           atomic.Pointer[tls.Certificate]
}

// loadTLS reads the certificate; nil for a listener that speaks plain http. One
// that is not valid now is taken at a start: no other is there to keep.
func loadTLS(cfg Config, now func() time.Time) (*certificate, error) {
	if cfg.TLSCertFile == "" {
		return nil, nil // no TLS is an answer
	}
	c := &certificate{certFile: cfg.TLSCertFile, keyFile: cfg.TLSKeyFile, now: now}
	pair, err := c.read()
	if err != nil {
		return nil, err
	}
	c.current.Store(pair)
	return c, nil
}

func (c *certificate) read() (*tls.Certificate, error) {
	pair, err := LoadKeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	return &pair, nil
}

// LoadKeyPair is tls.LoadX509KeyPair for regular files of a bounded size.
func LoadKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := ReadSmallFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ReadSmallFile(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// errNotValid says that a new certificate is out of its time.
var errNotValid = errors.New("the new certificate is not valid now")

// reload puts what the files hold in force. On an error the old certificate
// stays; one that is not valid now never replaces one that is.
func (c *certificate) reload() error {
	pair, err := c.read()
	if err != nil {
		return err
	}
	if !validAt(pair, c.now()) && validAt(c.current.Load(), c.now()) {
		return fmt.Errorf("%w: from %s to %s", errNotValid,
			pair.Leaf.NotBefore.UTC().Format(time.RFC3339), pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	c.current.Store(pair)
	return nil
}

func validAt(pair *tls.Certificate, now time.Time) bool {
	return !now.Before(pair.Leaf.NotBefore) && !now.After(pair.Leaf.NotAfter)
}

// expires is the end of the certificate in force.
func (c *certificate) expires() time.Time { return c.current.Load().Leaf.NotAfter }

// config is the TLS of the public listener: 1.2 with forward secrecy and 1.3
// are what the standard library offers from 1.2 on.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return c.current.Load(), nil
	}}
}

// stamp tells whether a file was replaced or written to since, without reading
// it: its identity, size and time, those of its target where it is a link.
type stamp struct {
	there bool
	info  os.FileInfo
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	return stamp{there: err == nil, info: info}
}

func (s stamp) same(o stamp) bool {
	if !s.there || !o.there {
		return s.there == o.there
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}
