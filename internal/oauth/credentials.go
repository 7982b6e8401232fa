package oauth

import (
	"encoding/base64"
	"strings"
)

// Basic is what an Authorization header says about the client.
type Basic struct {
	ID, Secret string
	// Present says that the header names the Basic scheme.
	Present bool
	// Malformed says that its credentials cannot be read; ID and Secret are empty.
	Malformed bool
}

// ParseBasic reads an Authorization header's client credentials. Identifier and
// secret are form-decoded after base64, as RFC 6749 section 2.3.1 says; a part
// that is no valid encoding is taken as it stands, since many clients send it
// raw. Another scheme, or none, is not Present.
func ParseBasic(header string) Basic {
	rest, ok := cutScheme(header, BasicWord)
	if !ok {
		return Basic{}
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(rest)
	if err != nil {
		return Basic{Present: true, Malformed: true}
	}
	id, secret, found := strings.Cut(string(raw), ":")
	if !found {
		return Basic{Present: true, Malformed: true}
	}
	return Basic{ID: decodeOrRaw(id), Secret: decodeOrRaw(secret), Present: true}
}

func decodeOrRaw(s string) string {
	if out, ok := unescape(s); ok {
		return out
	}
	return s
}

// Bearer is what an Authorization header says about an access token.
type Bearer struct {
	Token string
	// Present says that the header names the Bearer scheme and something after it.
	Present bool
	// Malformed says that what follows is no b64token (RFC 6750 section 2.1);
	// Token is empty.
	Malformed bool
}

// ParseBearer reads an Authorization header's access token; the scheme may have
// any case. A scheme without a token counts as no credentials at all.
func ParseBearer(header string) Bearer {
	rest, ok := cutScheme(header, BearerWord)
	if !ok || rest == "" {
		return Bearer{}
	}
	if !isB64Token(rest) {
		return Bearer{Present: true, Malformed: true}
	}
	return Bearer{Token: rest, Present: true}
}

// cutScheme returns what follows the scheme word in an Authorization header.
func cutScheme(header, scheme string) (rest string, ok bool) {
	header = strings.Trim(header, " \t")
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	rest = header[len(scheme):]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", false // a longer scheme name
	}
	return strings.TrimLeft(rest, " \t"), true
}

// foreign is 1 for the bytes that no token's body has. Tokens are long and every
// call of the API brings one: comparing with ranges took 6 % of GET /v1/vms,
// and looking up byte by byte, with a branch for each, still 1 %.
var foreign = func() (set [256]uint8) {
	for i := range set {
		set[i] = 1
	}
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
		set[c] = 0
	}
	return set
}()

// isB64Token checks 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
func isB64Token(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" {
		return false
	}
	var found uint8
	for len(body) >= 4 {
		found |= foreign[body[0]] | foreign[body[1]] | foreign[body[2]] | foreign[body[3]]
		body = body[4:]
	}
	for i := range len(body) {
		found |= foreign[body[i]]
	}
	return found == 0
}
