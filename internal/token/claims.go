package token

import (
	"errors"
	"time"
)

// Kind is the purpose of a token, its typ claim. A token of one kind is never
// accepted where another is meant.
type Kind string

// The kinds of Usher's own tokens; the names are Keycloak's.
const (
	KindAccess  Kind = "Bearer"
	KindRefresh Kind = "Refresh"
	KindOffline Kind = "Offline" // a refresh token of an offline session
	KindID      Kind = "ID"
)

// How a token is refused. The private cause is in the error's text; nothing of
// it is meant for the wire.
var (
	ErrMalformed = errors.New("token: malformed")
	ErrKey       = errors.New("token: unknown key") // its kid may be newer than this snapshot
	ErrSignature = errors.New("token: bad signature")
	ErrKind      = errors.New("token: of another kind")
)

// malformed is an ErrMalformed with its cause. Being a string constant it costs
// no allocation, however many hostile tokens arrive.
type malformed string

func (m malformed) Error() string        { return "token: malformed: " + string(m) }
func (m malformed) Is(target error) bool { return target == ErrMalformed }

// Skew is how far, in seconds, the clock of the node that made a token may be
// ahead of the one that reads it. It never prolongs a token's life.
const Skew = 5

// maxDate is the largest date a claim may state: 9999-12-31T23:59:59Z.
const maxDate = 253402300799

// Claims are the claims of a token whose signature and kind were checked.
// Absent strings are "", absent numbers 0.
type Claims struct {
	ID              string // jti
	Issuer          string
	Subject         string
	Type            Kind // typ
	AuthorizedParty string
	SessionID       string // sid
	Scope           string
	Family          string // reuse_id
	Username        string // preferred_username
	Name            string
	Email           string
	Audience        []string
	Gen             int64
	IssuedAt        int64 // Unix s
	ExpiresAt       int64 // Unix s; 0: none, which only offline tokens may lack
	NotBefore       int64 // Unix s
	Payload         []byte
}

// ExpiredAt says whether the token's life is over: now > exp in whole seconds,
// strictly, as Keycloak and its clients count.
func (c *Claims) ExpiredAt(now time.Time) bool {
	return c.ExpiresAt != 0 && now.Unix() > c.ExpiresAt
}

// EarlyAt says whether the token is not yet good: nbf or iat lie more than
// Skew ahead of now.
func (c *Claims) EarlyAt(now time.Time) bool {
	limit := now.Unix() + Skew
	return c.NotBefore > limit || c.IssuedAt > limit
}

// HasAudience says whether the token is meant for name.
func (c *Claims) HasAudience(name string) bool {
	for _, a := range c.Audience {
		if a == name {
			return true
		}
	}
	return false
}

// parseClaims reads the payload of a token whose signature is good. Types are
// strict where a decision hangs on a claim; names that only inform may have
// any type, since a mapper may set them.
func parseClaims(payload []byte) (*Claims, error) {
	text := string(payload)
	c := &Claims{Payload: payload}
	seen := false // iat
	err := scanObject(text, func(name, value string) error { return c.read(name, value, &seen) })
	switch {
	case err != nil:
		return nil, err
	case !seen:
		return nil, malformed("no iat")
	case c.ExpiresAt == 0 && c.Type != KindOffline: // 0 is no date: it would stand for "never"
		return nil, malformed("no exp")
	}
	return c, nil
}

func (c *Claims) read(name, value string, seenIAT *bool) (err error) {
	switch name {
	case "jti":
		c.ID, err = stringOf(value)
	case "iss":
		c.Issuer, err = stringOf(value)
	case "sub":
		c.Subject, err = stringOf(value)
	case "typ":
		var s string
		s, err = stringOf(value)
		c.Type = Kind(s)
	case "azp":
		c.AuthorizedParty, err = stringOf(value)
	case "sid":
		c.SessionID, err = stringOf(value)
	case "scope":
		c.Scope, err = stringOf(value)
	case "reuse_id":
		c.Family, err = stringOf(value)
	case "aud":
		c.Audience, err = stringsOf(value)
	case "exp":
		c.ExpiresAt, err = dateOf(value)
	case "iat":
		*seenIAT = true
		c.IssuedAt, err = dateOf(value)
	case "nbf":
		c.NotBefore, err = dateOf(value)
	case "gen":
		c.Gen, err = dateOf(value)
	case "preferred_username":
		c.Username, _ = stringOf(value)
	case "name":
		c.Name, _ = stringOf(value)
	case "email":
		c.Email, _ = stringOf(value)
	}
	return err
}

func stringOf(value string) (string, error) {
	if value == "" || value[0] != '"' {
		return "", malformed("a claim that must be a string is none")
	}
	return unquote(value[1 : len(value)-1]), nil
}

// stringsOf reads aud: a string or a list of strings (RFC 7519 §4.1.3).
func stringsOf(value string) ([]string, error) {
	if value[0] == '"' {
		s, err := stringOf(value)
		return []string{s}, err
	}
	var list []string
	err := scanArray(value, func(item string) error {
		s, err := stringOf(item)
		list = append(list, s)
		return err
	})
	if err != nil {
		return nil, malformed("aud is neither a string nor a list of strings")
	}
	return list, nil
}

// dateOf reads a NumericDate. RFC 7519 §2 allows fractions; Usher and Keycloak
// never write any, so nothing but plain digits up to the year 9999 is taken.
func dateOf(value string) (int64, error) {
	if len(value) > 12 || value[0] == '0' && len(value) > 1 {
		return 0, malformed("a number is out of range")
	}
	var n int64
	for i := 0; i < len(value); i++ {
		d := value[i] - '0'
		if d > 9 {
			return 0, malformed("a date is not a whole number")
		}
		n = n*10 + int64(d)
	}
	if n > maxDate {
		return 0, malformed("a number is out of range")
	}
	return n, nil
}
