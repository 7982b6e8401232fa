package iam

// KeyStatus is the state of a signing key.
type KeyStatus string

const (
	KeyActive   KeyStatus = "ACTIVE"   // signs and verifies
	KeyPassive  KeyStatus = "PASSIVE"  // only verifies
	KeyDisabled KeyStatus = "DISABLED" // neither
)

// Key is one signing key of a realm as stored: the secret half is sealed under
// the master key with the realm, the id and the purpose as associated data.
//
// ActivateAt, RetireAt and RemoveAt (Unix ms; 0: none) are the moments at which
// a rotation moves it on: a passive key begins to sign, an active one only
// verifies, a passive or disabled one is deleted. KeySet.At applies them.
type Key struct {
	ID          string    `json:"id"`
	RealmID     string    `json:"-"`
	KID         string    `json:"kid"`
	Algorithm   string    `json:"algorithm"` // RS256, PS256, ES256, EdDSA, HS512
	Status      KeyStatus `json:"status"`
	Priority    int       `json:"priority"` // the highest active key of an algorithm signs
	CreatedAt   int64     `json:"createdAt"`
	ActivateAt  int64     `json:"activateAt,omitempty"`
	RetireAt    int64     `json:"retireAt,omitempty"`
	RemoveAt    int64     `json:"removeAt,omitempty"`
	Certificate []byte    `json:"certificate,omitempty"` // DER, RSA and EC keys
	Public      []byte    `json:"public,omitempty"`      // PKIX DER; empty for HMAC
	Sealed      []byte    `json:"sealed"`                // PKCS#8 DER or HMAC bytes
}

// HasSigner says whether there is a signer for alg (RFC 7518 section 3.1).
func HasSigner(alg string) bool { return alg == "HS512" || Asymmetric(alg) }

// Asymmetric says whether access and ID tokens can be signed with alg.
func Asymmetric(alg string) bool {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA":
		return true
	}
	return false
}
