package token

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// RefreshAlgorithm signs refresh tokens: nobody but Usher reads them.
const RefreshAlgorithm = "HS512"

// RefreshSubject is everything a refresh token states. Equal fields give equal
// bytes: HS512 has no randomness, so a token can be made again from its
// family's row and is never stored.
type RefreshSubject struct {
	Realm     *Realm
	Kind      Kind   // KindRefresh ("" means it) or KindOffline
	KeyID     string // kid of the HMAC key; "" takes the active one
	JTI       string // see FamilyJTI
	ClientID  string // the clientId
	UserID    string
	SessionID string
	FamilyID  string
	Gen       int64
	Scope     string // Scopes.Full
	IssuedAt  int64  // Unix s
	ExpiresAt int64  // Unix s; 0 leaves exp out, for offline tokens without a maximum
}

// Refresh mints a refresh token. A passive key signs as well, since the token
// of a family must come out the same after the keys moved on.
func Refresh(s RefreshSubject) (string, error) {
	key, err := s.Realm.RefreshKey(s.KeyID)
	if err != nil {
		return "", err
	}
	if s.Kind == "" {
		s.Kind = KindRefresh
	}
	p := payload{b: make([]byte, 0, 512)}
	p.number("exp", s.ExpiresAt)
	p.number("iat", s.IssuedAt)
	p.text("jti", s.JTI)
	p.text("iss", s.Realm.Issuer)
	p.text("aud", s.Realm.Issuer)
	p.text("sub", s.UserID)
	p.text("typ", string(s.Kind))
	p.text("azp", s.ClientID)
	if !s.Realm.Realm.NoSessionStateClaim {
		p.text("session_state", s.SessionID)
	}
	p.text("sid", s.SessionID)
	p.text("scope", s.Scope)
	p.text("reuse_id", s.FamilyID)
	p.number("gen", s.Gen)
	sk := SigningKey{KID: key.KID, Alg: key.Alg, Signer: HMACSigner(key.Alg, key.Secret)}
	return sign(&sk, s.Realm.plan().header(&sk, false), p.close())
}

// RefreshKey returns the HMAC key for refresh tokens: the named one, or the
// active one for "".
func (r *Realm) RefreshKey(kid string) (VerifyKey, error) {
	if kid == "" {
		kid = r.Keys.Signing[RefreshAlgorithm].KID
	}
	key, ok := r.Keys.Verify[kid]
	if !ok || key.Alg != RefreshAlgorithm || len(key.Secret) == 0 {
		return VerifyKey{}, fmt.Errorf("%w for refresh tokens in realm %s (kid %q)", r.Keys.missing(ErrNoKey), r.Realm.Name, kid)
	}
	return key, nil
}

// FamilyJTI is the jti of a family's refresh token of one generation and salt:
// a keyed hash in the form of a UUID (version 8, RFC 9562 §5.8), so that any
// token of the family can be named again without a list of them. What is
// hashed begins with a NUL byte, which no JWS signing input does.
func FamilyJTI(key VerifyKey, familyID string, gen int64, salt []byte) string {
	m := hmac.New(sha512.New, key.Secret)
	head := append(make([]byte, 0, 32+len(familyID)), "\x00usher family jti\x00"...)
	head = binary.BigEndian.AppendUint64(head, uint64(gen))
	head = binary.BigEndian.AppendUint64(head, uint64(len(familyID)))
	m.Write(append(head, familyID...))
	m.Write(salt)
	sum := m.Sum(make([]byte, 0, sha512.Size))
	return secret.UUID([16]byte(sum[:16]), 8)
}
