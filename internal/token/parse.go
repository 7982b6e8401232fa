package token

import (
	"encoding/base64"
	"slices"
	"strings"
)

// MaxSize is the length in bytes beyond which a token is refused before
// anything of it is decoded.
const MaxSize = 16 << 10

// maxHeader bounds the encoded header. Our own take about 120 bytes.
const maxHeader = 1 << 10

// strict refuses padding and nonzero bits behind the last byte; that it skips
// line breaks is caught in decode.
var strict = base64.RawURLEncoding.Strict()

// Parse checks a compact JWS made by this realm and returns its claims. The
// order is: length, shape, header, key by kid with its one algorithm,
// signature, payload, kind. So a bad signature always wins over anything the
// payload says, and no unverified claim is read. kinds are the ones wanted;
// none given means any kind Usher makes.
//
// Parse checks neither issuer nor dates: the caller knows which refusal comes
// first on its wire. The error is ErrMalformed, ErrKey, ErrSignature or ErrKind;
// an ErrKey is an iam.ErrDamaged too where the key may be one whose row is.
func (r *Realm) Parse(raw string, kinds ...Kind) (*Claims, error) {
	if len(raw) > MaxSize {
		return nil, malformed("longer than 16 KiB")
	}
	head, rest, ok := strings.Cut(raw, ".")
	if !ok {
		return nil, malformed("not three parts")
	}
	body, tail, ok := strings.Cut(rest, ".")
	if !ok || strings.IndexByte(tail, '.') >= 0 {
		return nil, malformed("not three parts")
	}
	h, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	key, ok := r.Keys.Verify[h.kid]
	if !ok {
		return nil, r.Keys.missing(ErrKey)
	}
	if h.alg != key.Alg {
		return nil, ErrSignature
	}
	sig, err := decode(tail)
	if err != nil {
		return nil, err
	}
	if !key.verify(raw[:len(head)+1+len(body)], sig) {
		return nil, ErrSignature
	}
	payload, err := decode(body)
	if err != nil {
		return nil, err
	}
	c, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	if !c.is(h.typ, kinds) {
		return nil, ErrKind
	}
	return c, nil
}

// is says whether the token is one of the wanted kinds. The header type at+jwt
// (RFC 9068) promises an access token.
func (c *Claims) is(typ string, kinds []Kind) bool {
	if typ == typAccess && c.Type != KindAccess {
		return false
	}
	if len(kinds) == 0 {
		return c.Type == KindAccess || c.Type == KindRefresh || c.Type == KindOffline || c.Type == KindID
	}
	return slices.Contains(kinds, c.Type)
}

// The header types Usher writes and takes.
const (
	typJWT    = "JWT"
	typAccess = "at+jwt"
)

type header struct{ alg, kid, typ string }

// parseHeader takes exactly the members Usher writes. Whatever else could
// stand there (crit, b64, zip, jwk, jku, x5c, x5u …) would be a demand to
// process the token in a way Usher does not know, or an offer of a key.
func parseHeader(part string) (header, error) {
	var h header
	if len(part) > maxHeader {
		return h, malformed("a header longer than 1 KiB")
	}
	text, err := decode(part)
	if err != nil {
		return h, err
	}
	err = scanObject(string(text), func(name, value string) (err error) {
		switch name {
		case "alg":
			h.alg, err = stringOf(value)
		case "kid":
			h.kid, err = stringOf(value)
		case "typ":
			h.typ, err = stringOf(value)
		default:
			err = malformed("a header member that is never used")
		}
		return err
	})
	if err != nil {
		return h, err
	}
	if h.alg == "" || h.kid == "" || h.typ != typJWT && h.typ != typAccess {
		return h, malformed("a header without alg, kid or a known typ")
	}
	return h, nil
}

// decode takes canonical base64url only: no padding, no line breaks, no
// nonzero bits behind the last byte.
func decode(part string) ([]byte, error) {
	if strings.IndexByte(part, '\n') >= 0 || strings.IndexByte(part, '\r') >= 0 {
		return nil, malformed("a line break in base64url")
	}
	b, err := strict.DecodeString(part)
	if err != nil {
		return nil, malformed("not canonical base64url")
	}
	return b, nil
}
