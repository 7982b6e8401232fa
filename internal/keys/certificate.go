package keys

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"time"
)

// selfSigned makes the certificate that Keycloak shows for RSA keys: common
// name of the realm, ten years, serial number from the clock.
func selfSigned(rand io.Reader, key crypto.Signer, name string, at time.Time) ([]byte, error) {
	template := x509.Certificate{
		SerialNumber: big.NewInt(at.UnixMilli()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    at.Add(-time.Minute).UTC().Truncate(time.Second),
		NotAfter:     at.AddDate(10, 0, 0).UTC().Truncate(time.Second),
	}
	der, err := x509.CreateCertificate(rand, &template, &template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("keys: certificate: %w", err)
	}
	return der, nil
}

// certifies checks that a certificate is one of the key.
func certifies(certificate, public []byte) error {
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return fmt.Errorf("%w: certificate: %w", ErrKey, err)
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, public) {
		return fmt.Errorf("%w: the certificate belongs to another key", ErrKey)
	}
	return nil
}
