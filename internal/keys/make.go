package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// Purpose is the purpose under which secret halves are sealed; the id is the
// key row's.
const Purpose = iam.PurposeSigningKey

// The sizes of keys made here, and the least that is taken from elsewhere.
const (
	RSABits     = 2048
	HMACBytes   = 64
	DefaultRank = 100 // priority of keys made here, as Keycloak's own
)

// ErrKey says that key material cannot be used; the text says why.
var ErrKey = errors.New("keys: unusable key")

// Sealer encrypts under the master key for one place.
type Sealer interface {
	Seal(plain []byte, realmID, id, purpose string) []byte
}

// Maker makes key rows. All fields but CommonName are needed. Safe for
// concurrent use.
type Maker struct {
	Sealer Sealer
	NewID  func() string
	Rand   io.Reader
	// CommonName names the owner of certificates, a realm's name; nil: its id.
	CommonName func(realmID string) string
}

// Material is a key of elsewhere, its secret half in clear.
type Material struct {
	KID         string // "": computed from the public half; HMAC: a new one
	Algorithm   string
	Status      iam.KeyStatus
	Priority    int
	Private     []byte // DER: PKCS#8, PKCS#1 or SEC 1; nil for HMAC
	Secret      []byte // HMAC only
	Certificate []byte // DER, may be nil
}

// Generate makes an active key for an algorithm: RSA of 2048 bits, the curve
// of ES256, ES384 or ES512, Ed25519, or 64 random bytes. RSA takes about a
// tenth of a second.
func (m *Maker) Generate(realmID, algorithm string, at time.Time) (iam.Key, error) {
	mat := Material{Algorithm: algorithm, Status: iam.KeyActive, Priority: DefaultRank}
	if token.Symmetric(algorithm) {
		mat.Secret = make([]byte, HMACBytes)
		if _, err := io.ReadFull(m.Rand, mat.Secret); err != nil {
			return iam.Key{}, fmt.Errorf("keys: randomness: %w", err)
		}
		return m.Import(realmID, mat, at)
	}
	private, err := m.private(algorithm)
	if err != nil {
		return iam.Key{}, err
	}
	if mat.Private, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return iam.Key{}, fmt.Errorf("keys: %w", err)
	}
	return m.Import(realmID, mat, at)
}

// NewRSA makes an RSA key of RSABits as PKCS#8 DER, for a caller that wants the
// slow part done before it knows what the key is for; Import takes it.
func NewRSA(rand io.Reader) ([]byte, error) {
	key, err := rsa.GenerateKey(rand, RSABits)
	if err != nil {
		return nil, fmt.Errorf("keys: make RSA: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return der, nil
}

func (m *Maker) private(algorithm string) (key crypto.Signer, err error) {
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		key, err = rsa.GenerateKey(m.Rand, RSABits)
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), m.Rand)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), m.Rand)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), m.Rand)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(m.Rand)
	default:
		return nil, fmt.Errorf("%w: no keys are made for algorithm %q", ErrKey, algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: make %s: %w", algorithm, err)
	}
	return key, nil
}

// Import checks key material and seals it as a row. What it refuses is
// ErrKey: a type or curve that the algorithm cannot use, an RSA key of less
// than 2048 bits, with an even exponent or with numbers that do not belong
// together, a short HMAC secret, a certificate of another key.
func (m *Maker) Import(realmID string, mat Material, at time.Time) (iam.Key, error) {
	row := iam.Key{
		ID: m.NewID(), RealmID: realmID, KID: mat.KID, Algorithm: mat.Algorithm,
		Status: mat.Status, Priority: mat.Priority, CreatedAt: at.UnixMilli(),
	}
	if row.Status == "" {
		row.Status = iam.KeyActive
	}
	plain := mat.Secret
	if token.Symmetric(mat.Algorithm) {
		if len(mat.Secret) < HMACBytes {
			return iam.Key{}, fmt.Errorf("%w: an HMAC secret of %d bytes, at least %d are needed", ErrKey, len(mat.Secret), HMACBytes)
		}
		if row.KID == "" {
			row.KID = m.NewID()
		}
	} else {
		private, err := parsePrivate(mat.Private)
		if err != nil {
			return iam.Key{}, err
		}
		if err := m.public(&row, private, mat.Certificate, at); err != nil {
			return iam.Key{}, err
		}
		if plain, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
			return iam.Key{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
	}
	row.Sealed = m.Sealer.Seal(plain, realmID, row.ID, Purpose)
	return row, nil
}

// public fills in what a row shows of an asymmetric key.
func (m *Maker) public(row *iam.Key, private crypto.Signer, certificate []byte, at time.Time) error {
	if err := checkPrivate(row.Algorithm, private); err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	row.Public = der
	if row.KID == "" {
		row.KID = KID(der)
	}
	if certificate != nil {
		row.Certificate = certificate
		return certifies(certificate, der)
	}
	if _, isRSA := private.(*rsa.PrivateKey); !isRSA {
		return nil
	}
	name := row.RealmID
	if m.CommonName != nil {
		name = m.CommonName(row.RealmID)
	}
	row.Certificate, err = selfSigned(m.Rand, private, name, at)
	return err
}

// KID is Keycloak's key id: the base64url of SHA-256 over the DER public key.
func KID(public []byte) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// parsePrivate reads DER in any of the three usual wrappings.
func parsePrivate(der []byte) (crypto.Signer, error) {
	if len(der) == 0 {
		return nil, fmt.Errorf("%w: no private key", ErrKey)
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, fmt.Errorf("%w: %T cannot sign", ErrKey, key)
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, fmt.Errorf("%w: the private key is neither PKCS#8 nor PKCS#1 nor SEC 1, or its numbers do not belong together", ErrKey)
}

func checkPrivate(algorithm string, private crypto.Signer) error {
	if !token.Fits(algorithm, private.Public()) {
		return fmt.Errorf("%w: %T cannot sign with %q", ErrKey, private, algorithm)
	}
	k, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil
	}
	switch {
	case k.N.BitLen() < RSABits:
		return fmt.Errorf("%w: an RSA key of %d bits, at least %d are needed", ErrKey, k.N.BitLen(), RSABits)
	case len(k.Primes) != 2:
		return fmt.Errorf("%w: an RSA key of %d primes, 2 are needed", ErrKey, len(k.Primes))
	case k.E < 3 || k.E%2 == 0:
		return fmt.Errorf("%w: an RSA key with exponent %d", ErrKey, k.E)
	}
	if err := k.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	return nil
}
