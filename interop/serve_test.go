package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestServeOverTLS runs the production command with a configuration file and a
// certificate, and lets clients come in the whole way: from the API's root by
// WebFinger to the issuer, its keys, tokens, the list, and a refresh.
func TestServeOverTLS(t *testing.T) {
	t.Parallel()
	s, ca := startServe(t)
	s.explain(t)
	env := []string{"SSL_CERT_FILE=" + ca, "CURL_CA_BUNDLE=" + ca, "REQUESTS_CA_BUNDLE=" + ca, "NODE_EXTRA_CA_CERTS=" + ca}

	var jrd struct {
		Links []struct{ Rel, Href string } `json:"links"`
	}
	found := program(t, "", env, "curl", "-sSf", s.API[:len(s.API)-len("/v1")]+"/.well-known/webfinger?resource="+url.QueryEscape(s.API+"/"))
	if err := json.Unmarshal([]byte(found), &jrd); err != nil || len(jrd.Links) != 1 {
		t.Fatalf("WebFinger: %v\n%s", err, found)
	}
	if want := s.Issuer + "/.well-known/openid-configuration"; jrd.Links[0].Href != want {
		t.Errorf("WebFinger leads to %s, not %s", jrd.Links[0].Href, want)
	}
	for _, c := range clients() {
		if c.inForm {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			judge(t, c, s, tell(t, env, c.command, s.task(library)))
		})
	}
}

// startServe writes a configuration, starts `usher serve` with it, and returns
// when the port answers; ca is the file that clients need to trust it.
func startServe(t *testing.T) (s *server, ca string) {
	t.Helper()
	dir := t.TempDir()
	realm, err := writeRealm(dir, brief)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cert, key := certificate(t, dir)
	master := make([]byte, 32)
	_, _ = rand.Read(master)
	files := map[string]string{
		"master.key": hex.EncodeToString(master) + "\n",
		"usher.yaml": fmt.Sprintf("public_url: https://%s\nlisten: %s\nmanagement_listen: 127.0.0.1:0\ntls_cert_file: %s\ntls_key_file: %s\n"+
			"data: %s\nmaster_key_file: %s\nrealm_file: %s\napi_rate_limit: 0\n",
			address, address, cert, key, filepath.Join(dir, "data"), filepath.Join(dir, "master.key"), realm),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = &server{Issuer: "https://" + address + "/auth/realms/platform", API: "https://" + address + "/v1"}
	s.TokenEndpoint = s.Issuer + "/protocol/openid-connect/token"
	out, err := s.launch(dir, "serve", "--config", filepath.Join(dir, "usher.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	go func() {
		_, _ = io.Copy(io.Discard, out)
		s.done <- s.cmd.Wait()
	}()
	if err := answers(s, address); err != nil {
		t.Fatal(s.failed(err))
	}
	return s, cert
}

// answers waits until the server's port does, or the server has ended.
func answers(s *server, address string) error {
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case err := <-s.done:
			s.done <- err
			return fmt.Errorf("the server ended: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// certificate makes a certificate for loopback that is its own authority.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "interop"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
