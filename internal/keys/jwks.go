package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// jwk is one public key (RFC 7517 §4), members in Keycloak's order.
type jwk struct {
	KID  string   `json:"kid"`
	Kty  string   `json:"kty"`
	Alg  string   `json:"alg"`
	Use  string   `json:"use"`
	X5C  []string `json:"x5c,omitempty"` // base64 with padding
	X5T  string   `json:"x5t,omitempty"` // base64url, like all below
	X5T2 string   `json:"x5t#S256,omitempty"`
	N    string   `json:"n,omitempty"`
	E    string   `json:"e,omitempty"`
	Crv  string   `json:"crv,omitempty"`
	X    string   `json:"x,omitempty"`
	Y    string   `json:"y,omitempty"`
}

func describe(row *iam.Key, public crypto.PublicKey) (jwk, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	j := jwk{KID: row.KID, Alg: row.Algorithm, Use: "sig"}
	if len(row.Certificate) > 0 {
		// SHA-1 is the x5t member's definition (RFC 7517 §4.8), a name and no proof.
		short, long := sha1.Sum(row.Certificate), sha256.Sum256(row.Certificate)
		j.X5C = []string{base64.StdEncoding.EncodeToString(row.Certificate)}
		j.X5T, j.X5T2 = b64(short[:]), b64(long[:])
	}
	switch k := public.(type) {
	case *rsa.PublicKey:
		j.Kty, j.N, j.E = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4 ‖ x ‖ y
		if err != nil {
			return j, fmt.Errorf("%w: %w", ErrKey, err)
		}
		size := len(point) / 2
		j.Kty, j.Crv, j.X, j.Y = "EC", k.Curve.Params().Name, b64(point[1:1+size]), b64(point[1+size:])
	case ed25519.PublicKey:
		j.Kty, j.Crv, j.X = "OKP", "Ed25519", b64(k)
	default:
		return j, fmt.Errorf("%w: %T has no JWK form here", ErrKey, public)
	}
	return j, nil
}

func document(shown []jwk) ([]byte, error) {
	if shown == nil {
		shown = []jwk{}
	}
	doc, err := json.Marshal(map[string][]jwk{"keys": shown})
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return doc, nil
}
