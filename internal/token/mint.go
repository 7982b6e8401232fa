package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// ErrNoKey says that the realm has no active key for the algorithm wanted.
var ErrNoKey = errors.New("token: no active key")

// Subject is for whom, for which client and by which login tokens are made.
type Subject struct {
	Realm     *Realm
	Client    *iam.Client
	User      *iam.User
	SessionID string // "" for sessionless tokens
	FamilyID  string // "" when there is no refresh token
	Gen       int64
	Scopes    Scopes
	At        time.Time // iat
	AuthTime  int64     // Unix s; 0 leaves auth_time out, as on direct grants
	// NewID makes the jti; secret.NewID in production.
	NewID func() string
	// ServiceAccount adds the claims of the client credentials grant: client_id,
	// clientHost and clientAddress, the latter two from Address.
	ServiceAccount bool
	Address        string
}

// Access mints an access token that is good up to and including the second
// expires (Unix s), and returns it with its jti. Claims stand in Keycloak's
// order; what mappers add follows.
func Access(s Subject, expires int64) (raw, jti string, err error) {
	e := s.Realm.evaluate(s.Client, s.User, s.Scopes, inAccess)
	key, err := s.Realm.signing(e.client.alg)
	if err != nil {
		return "", "", err
	}
	jti = s.NewID()
	p := payload{b: make([]byte, 0, 1024)}
	s.common(&p, KindAccess, jti, expires, e.audience)
	s.session(&p)
	p.text("acr", "1")
	e.tree.write(&p, claimOrigins)
	e.tree.write(&p, claimRealmAccess)
	e.tree.write(&p, claimResourceAccess)
	p.text("scope", s.Scopes.Public)
	p.text("reuse_id", s.FamilyID)
	p.number("gen", s.Gen)
	e.tree.writeOthers(&p)
	if s.ServiceAccount {
		p.text("clientHost", s.Address)
		p.text("clientAddress", s.Address)
	}
	if s.ServiceAccount || e.client.rfc9068 {
		p.text("client_id", s.Client.ClientID)
	}
	raw, err = sign(key, e.plan.header(key, e.client.rfc9068), p.close())
	return raw, jti, err
}

// ID mints the ID token that goes with an access token, whose hash it states
// (OpenID Connect Core §3.1.3.6). nonce is repeated as sent, "" leaves it out.
func ID(s Subject, access string, expires int64, nonce string) (string, error) {
	e := s.Realm.evaluate(s.Client, s.User, s.Scopes, inID)
	key, err := s.Realm.signing(e.client.idAlg)
	if err != nil {
		return "", err
	}
	p := payload{b: make([]byte, 0, 1024)}
	s.common(&p, KindID, s.NewID(), expires, append([]string{s.Client.ClientID}, e.audience...))
	p.text("nonce", nonce)
	s.session(&p)
	if access != "" {
		p.text("at_hash", accessHash(key.Alg, access))
	}
	p.text("acr", "1")
	e.tree.write(&p, claimRealmAccess)
	e.tree.write(&p, claimResourceAccess)
	e.tree.writeOthers(&p)
	return sign(key, e.plan.header(key, false), p.close())
}

// common writes the claims that access and ID tokens begin with.
func (s *Subject) common(p *payload, kind Kind, jti string, expires int64, audience []string) {
	p.number("exp", expires)
	p.number("iat", s.At.Unix())
	p.number("auth_time", s.AuthTime)
	p.text("jti", jti)
	p.text("iss", s.Realm.Issuer)
	p.audience(audience)
	p.text("sub", s.User.ID)
	p.text("typ", string(kind))
	p.text("azp", s.Client.ClientID)
}

func (s *Subject) session(p *payload) {
	if !s.Realm.Realm.NoSessionStateClaim {
		p.text("session_state", s.SessionID)
	}
	p.text("sid", s.SessionID)
}

// accessHash is the left half of the hash that belongs to the algorithm.
// Ed25519 hashes with SHA-512.
func accessHash(alg, access string) string {
	var half []byte
	switch alg {
	case "RS256", "PS256", "ES256":
		sum := sha256.Sum256([]byte(access))
		half = sum[:16]
	case "RS384", "PS384", "ES384":
		sum := sha512.Sum384([]byte(access))
		half = sum[:24]
	default:
		sum := sha512.Sum512([]byte(access))
		half = sum[:32]
	}
	return base64.RawURLEncoding.EncodeToString(half)
}

// signing returns the active key for an algorithm.
func (r *Realm) signing(alg string) (*SigningKey, error) {
	key, ok := r.Keys.Signing[alg]
	if !ok || key.Signer == nil {
		return nil, fmt.Errorf("%w for %s in realm %s", r.Keys.missing(ErrNoKey), alg, r.Realm.Name)
	}
	return &key, nil
}

// sign makes a compact JWS of an encoded header and a payload.
func sign(key *SigningKey, header string, claims []byte) (string, error) {
	enc := base64.RawURLEncoding
	out := make([]byte, 0, len(header)+enc.EncodedLen(len(claims))+2+maxSignature)
	out = append(append(out, header...), '.')
	out = enc.AppendEncode(out, claims)
	sig, err := key.Signer.Sign(out)
	if err != nil {
		return "", fmt.Errorf("token: sign with %s: %w", key.Alg, err)
	}
	out = append(out, '.')
	return string(enc.AppendEncode(out, sig)), nil
}

// maxSignature is room for the encoded signature of an RSA key of 4096 bits.
const maxSignature = 683
