package tokentest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/token"
)

// Input is what hostile tokens are made from.
type Input struct {
	// Valid is a token that is accepted where the cases are to be refused.
	Valid string
	// JWKS is the realm's key document: what an attacker knows.
	JWKS []byte
	// Rand makes the attacker's own keys.
	Rand io.Reader
	// Sign, when there is one, makes a compact JWS with a good signature of the
	// realm's, for the cases that only what is signed makes wrong. See Signer.
	Sign func(header, payload string) string
}

// Case is one hostile token. It must be refused, and nothing may panic. Kind
// says what the token tries.
type Case struct{ Name, Token, Kind string }

// Hostile returns well more than 1,000 distinct cases, without Sign as well.
func Hostile(in Input) ([]Case, error) {
	m, err := newMaker(in)
	if err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		name string
		make func()
	}{
		{"none", m.none}, {"public key as secret", m.publicAsSecret}, {"other algorithm", m.otherAlgorithms}, {"foreign key", m.foreignKeys},
		{"key id", m.keyIDs}, {"key name", m.namedKeys}, {"key in the header", m.headers}, {"wide header", m.wideHeaders}, {"lookalike", m.lookalikes},
		{"shape", m.shapes}, {"encoding", m.encodings}, {"signature", m.signatures}, {"edge of the scheme", m.edges}, {"tampered", m.tampered},
		{"encrypted", m.encrypted}, {"another kind of token", m.others},
	} {
		m.kind = kind.name
		kind.make()
	}
	if in.Sign != nil {
		m.kind = "signed header"
		m.signedHeaders()
		m.kind = "signed payload"
		m.signedClaims()
	}
	return m.cases, m.err
}

// Signer signs cases with one of a realm's keys, as no attacker can.
func Signer(key token.SigningKey) func(header, payload string) string {
	return func(header, payload string) string {
		input := encode([]byte(header)) + "." + encode([]byte(payload))
		sig, err := key.Signer.Sign([]byte(input))
		if err != nil {
			return ""
		}
		return input + "." + encode(sig)
	}
}

// maker collects cases.
type maker struct {
	in              Input
	head, body, sig string // of the valid token, encoded
	header, payload string // decoded
	alg, kid        string
	public          []publicKey
	own             attacker
	kind            string // of the cases being made
	cases           []Case
	seen            map[string]bool
	names           map[string]int
	err             error
	signature       []byte
	claimSet        map[string]json.RawMessage
}

func newMaker(in Input) (*maker, error) {
	parts := strings.Split(in.Valid, ".")
	if len(parts) != 3 {
		return nil, errors.New("tokentest: the valid token has not three parts")
	}
	m := &maker{in: in, head: parts[0], body: parts[1], sig: parts[2], seen: map[string]bool{in.Valid: true}, names: map[string]int{}}
	for i, to := range []*string{&m.header, &m.payload, new(string)} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, fmt.Errorf("tokentest: %w", err)
		}
		*to, m.signature = string(b), b
	}
	var h struct{ Alg, Kid string }
	if err := json.Unmarshal([]byte(m.header), &h); err != nil {
		return nil, fmt.Errorf("tokentest: %w", err)
	}
	m.alg, m.kid = h.Alg, h.Kid
	if err := json.Unmarshal([]byte(m.payload), &m.claimSet); err != nil {
		return nil, fmt.Errorf("tokentest: %w", err)
	}
	var err error
	if m.public, err = publicKeys(in.JWKS); err != nil {
		return nil, err
	}
	m.own, err = newAttacker(in.Rand)
	return m, err
}

// add keeps a case whose token no case had before; names stay unique.
func (m *maker) add(name, raw string) {
	if m.seen[raw] {
		return
	}
	m.seen[raw] = true
	m.names[name]++
	if n := m.names[name]; n > 1 {
		name = fmt.Sprintf("%s (%d)", name, n)
	}
	m.cases = append(m.cases, Case{name, raw, m.kind})
}

func (m *maker) addf(raw, format string, args ...any) { m.add(fmt.Sprintf(format, args...), raw) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // strings always marshal
	}
	return string(b)
}

// head3 writes a header with the three members, kid left out when nil.
func head3(alg string, kid *string) string {
	h := `{"alg":` + quote(alg) + `,"typ":"JWT"`
	if kid != nil {
		h += `,"kid":` + quote(*kid)
	}
	return h + "}"
}

// with replaces or adds a claim by its JSON text; "" removes it.
func (m *maker) with(claim, value string) string {
	set := make(map[string]json.RawMessage, len(m.claimSet)+1)
	for k, v := range m.claimSet {
		set[k] = v
	}
	if value == "" {
		delete(set, claim)
	} else {
		set[claim] = json.RawMessage(value)
	}
	b, err := json.Marshal(set)
	if err != nil {
		m.err = errors.Join(m.err, fmt.Errorf("tokentest: claim %s: %w", claim, err))
	}
	return string(b)
}
