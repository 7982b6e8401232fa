package app_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestHeaderLimit: about 16 KiB of headers are taken, 32 KiB are not.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	for size, want := range map[int]string{12 << 10: "200", 32 << 10: "431"} {
		var d net.Dialer
		c, err := d.DialContext(t.Context(), "tcp", u.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /auth/realms/platform HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", size))
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%d bytes of headers: %q %v, want %s", size, line, err, want)
		}
	}
}

// TestManagementOnLoopbackHasNoOtherName: a page whose name leads here learns
// nothing.
func TestManagementOnLoopbackHasNoOtherName(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	for host, want := range map[string]int{"": http.StatusOK, "evil.example.org": http.StatusMisdirectedRequest} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Management+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			q.Host = host
		}
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want || bytes.Contains(text, []byte("usher_")) != (want == http.StatusOK) {
			t.Errorf("asked as %q: %d %v", host, answer.StatusCode, err)
		}
	}
}

// TestLocalhostMeansBothLoopbacks and gives the issuer its name.
func TestLocalhostMeansBothLoopbacks(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{Config: func(c *app.Config) { c.Listen = "localhost:0" }})
	if _, issuer := u.Realm(); !strings.HasPrefix(issuer, "http://localhost:") {
		t.Errorf("issuer %s", issuer)
	}
	_, port, err := net.SplitHostPort(u.Addr())
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil { // this machine has IPv6
		l.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/auth/realms/platform", nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := do(t, r); status != http.StatusOK {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
}

// TestTakenPortIsRefusedBeforeAnythingIsWritten.
func TestTakenPortIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	data := filepath.Join(t.TempDir(), "data")
	_, err := app.New(t.Context(), app.Config{Listen: u.Addr(), ManagementListen: "127.0.0.1:0", Data: data, MasterKey: bytes.Repeat([]byte("k"), 32)}, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

// TestTLS: https with 1.2 or newer, HTTP/2 offered, nothing older.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t)
	u := apptest.Start(t, apptest.Options{Config: func(c *app.Config) {
		c.TLSCertFile, c.TLSKeyFile, c.PublicURL = cert, key, "https://login.example.org"
	}})
	for version, works := range map[uint16]bool{tls.VersionTLS13: true, tls.VersionTLS12: true, tls.VersionTLS11: false} {
		client := http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
			RootCAs: pool, ServerName: "login.example.org", MinVersion: tls.VersionTLS10, MaxVersion: version, // that is the test
		}}}
		t.Cleanup(client.CloseIdleConnections)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+u.Addr()+"/auth/realms/platform", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if (err == nil) != works {
			t.Errorf("TLS %x: %v", version, err)
			continue
		}
		if err == nil {
			answer.Body.Close()
			if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK {
				t.Errorf("TLS %x: %s %d", version, answer.Proto, answer.StatusCode)
			}
		}
	}
}

func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	return certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func certificateFor(t *testing.T, from, to time.Time) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"login.example.org"},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: privateDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}
