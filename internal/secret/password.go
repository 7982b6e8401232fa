package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/seed-a6a28e10/usher/internal/secret/argon2"
)

// ErrPasswordHash says that a stored password hash cannot be used: not
// understood, or its parameters are outside the bounds a login may cost.
var ErrPasswordHash = errors.New("unusable password hash")

// ErrPasswordCost is the ErrPasswordHash of a hash that is well made but takes
// too long to check.
var ErrPasswordCost = fmt.Errorf("%w: it costs too much", ErrPasswordHash)

// ErrPasswordAlgorithm is the ErrPasswordHash of a hash by an algorithm that is
// not known here; it may be well made.
var ErrPasswordAlgorithm = fmt.Errorf("%w: unknown algorithm", ErrPasswordHash)

// MaxPassword is the longest password in bytes that is ever hashed: a longer
// one is refused where passwords are set, and never right where they are asked
// for, so that nobody makes a login costly by sending much.
const MaxPassword = 1024

// PasswordFault says why a plain password could never be logged in with, or "".
func PasswordFault(plain string) string {
	switch {
	case plain == "":
		return "an empty password can never be logged in with"
	case len(plain) > MaxPassword:
		return fmt.Sprintf("a password of %d bytes can never be logged in with: at most %d are hashed", len(plain), MaxPassword)
	}
	return ""
}

// Keycloak's argon2 defaults, which are also OWASP's 7 MiB setting.
const (
	argon2Passes = 5
	argon2Memory = 7168 // KiB
	argon2Lanes  = 1
	argon2Size   = 32
	argon2Salt   = 16
)

// Hasher makes and checks password hashes in the form in which Keycloak stores
// them: two strings of JSON, secretData and credentialData. The zero value
// makes argon2id with Keycloak's parameters. It is safe for concurrent use;
// whoever bounds the number of parallel calls bounds the memory.
type Hasher struct {
	// Blocks keeps argon2's working memory between hashes; nil allocates it anew.
	Blocks *argon2.Blocks
	// Rand gives salts; nil means crypto/rand.
	Rand io.Reader
	// Passes, Memory (KiB) and Lanes of new hashes; 0 means Keycloak's default.
	Passes, Memory uint32
	Lanes          uint8
}

// secretData and credentialData are Keycloak's PasswordSecretData and
// PasswordCredentialData.
type secretData struct {
	Value      string     `json:"value"`
	Salt       string     `json:"salt"`
	Additional parameters `json:"additionalParameters"`
}

type credentialData struct {
	Iterations int64      `json:"hashIterations"`
	Algorithm  string     `json:"algorithm"`
	Additional parameters `json:"additionalParameters"`
	// Older is the name of additionalParameters in older exports.
	Older parameters `json:"algorithmData,omitempty"`
}

// NewHasher makes a Hasher that keeps its memory, for whoever hashes often.
func NewHasher() Hasher { return Hasher{Blocks: new(argon2.Blocks)} }

// Hash makes a new hash of password. It fails only when Rand does.
func (h Hasher) Hash(password string) (secretJSON, credentialJSON string, err error) {
	salt := make([]byte, argon2Salt)
	source := h.Rand
	if source == nil {
		source = rand.Reader
	}
	if _, err := io.ReadFull(source, salt); err != nil {
		return "", "", fmt.Errorf("salt: %w", err)
	}
	p := h.current()
	value := p.derive(h.Blocks, []byte(password), salt, argon2Size)
	secretJSON = mustJSON(secretData{
		Value:      base64.StdEncoding.EncodeToString(value),
		Salt:       base64.StdEncoding.EncodeToString(salt),
		Additional: parameters{},
	})
	credentialJSON = mustJSON(credentialData{
		Iterations: int64(p.passes),
		Algorithm:  "argon2",
		Additional: parameters{
			"hashLength":  {strconv.Itoa(argon2Size)},
			"memory":      {strconv.FormatUint(uint64(p.memory), 10)},
			"type":        {"id"},
			"version":     {"1.3"},
			"parallelism": {strconv.Itoa(int(p.lanes))},
		},
	})
	return secretJSON, credentialJSON, nil
}

// Verify says whether password is the one hashed. Bounds are checked before any
// work; an unusable hash gives ErrPasswordHash at once.
func (h Hasher) Verify(secretJSON, credentialJSON, password string) (bool, error) {
	s, err := parseHash(secretJSON, credentialJSON)
	if err != nil {
		return false, err
	}
	return s.verify(h.Blocks, password)
}

// Dummy costs what Verify of a new Hash costs, for answers that must not tell
// that there is nothing to compare with.
func (h Hasher) Dummy(password string) {
	var salt [argon2Salt]byte
	value := h.current().derive(h.Blocks, []byte(password), salt[:], argon2Size)
	subtle.ConstantTimeCompare(value, value)
}

// NeedsRehash says whether the hash is weaker than one made now: not argon2id,
// less memory, less memory times passes, or a shorter salt or value. A stronger
// one is kept. An unusable hash cannot be verified and so never needs it.
func (h Hasher) NeedsRehash(secretJSON, credentialJSON string) bool {
	s, err := parseHash(secretJSON, credentialJSON)
	if err != nil {
		return false
	}
	a, ok := s.(argon2Hash)
	if !ok {
		return true
	}
	now := h.current()
	return a.p.variant != "id" || a.p.memory < now.memory ||
		uint64(a.p.memory)*uint64(a.p.passes) < uint64(now.memory)*uint64(now.passes) ||
		len(a.salt) < argon2Salt || len(a.value) < argon2Size
}

// Kind names algorithm and cost, equal for hashes that take equally long:
// "argon2id m=7168 t=5 p=1", "pbkdf2-sha256 i=27500 n=64", "bcrypt c=10";
// "" for an unusable hash.
func (h Hasher) Kind(secretJSON, credentialJSON string) string {
	s, err := parseHash(secretJSON, credentialJSON)
	if err != nil {
		return ""
	}
	return s.kind()
}

// DefaultKind is the Kind of a new hash.
func (h Hasher) DefaultKind() string { return argon2Hash{p: h.current()}.kind() }

// FlatPassword turns the deprecated flat form of a password credential
// (hashedSaltedValue, salt, hashIterations, algorithm) into today's two
// strings. An empty algorithm means pbkdf2-sha1, as it did then.
func FlatPassword(hashedSaltedValue, salt string, hashIterations int64, algorithm string) (secretJSON, credentialJSON string) {
	if algorithm == "" {
		algorithm = "pbkdf2"
	}
	return mustJSON(secretData{Value: hashedSaltedValue, Salt: salt, Additional: parameters{}}),
		mustJSON(credentialData{Iterations: hashIterations, Algorithm: algorithm, Additional: parameters{}})
}

// CheckPasswordHash says whether Verify could use the hash; the error names
// what is wrong with it.
func CheckPasswordHash(secretJSON, credentialJSON string) error {
	_, err := parseHash(secretJSON, credentialJSON)
	return err
}

func (h Hasher) current() argon2Params {
	p := argon2Params{variant: "id", passes: h.Passes, memory: h.Memory, lanes: h.Lanes}
	if p.passes == 0 {
		p.passes = argon2Passes
	}
	if p.memory == 0 {
		p.memory = argon2Memory
	}
	if p.lanes == 0 {
		p.lanes = argon2Lanes
	}
	return p
}

type argon2Params struct {
	variant        string // "id" or "i"
	passes, memory uint32 // memory in KiB
	lanes          uint8
}

func (p argon2Params) derive(b *argon2.Blocks, password, salt []byte, size int) []byte {
	if p.variant == "i" {
		return b.Key(password, salt, p.passes, p.memory, p.lanes, uint32(size))
	}
	return b.IDKey(password, salt, p.passes, p.memory, p.lanes, uint32(size))
}

// parameters are string lists by name; a lone string or number is read as a
// list of one.
type parameters map[string][]string

func (p *parameters) UnmarshalJSON(raw []byte) error {
	var loose map[string]json.RawMessage
	if err := json.Unmarshal(raw, &loose); err != nil {
		return err
	}
	*p = make(parameters, len(loose))
	for name, v := range loose {
		var list []string
		var one string
		var number json.Number
		switch {
		case json.Unmarshal(v, &list) == nil:
			(*p)[name] = list
		case json.Unmarshal(v, &one) == nil:
			(*p)[name] = []string{one}
		case json.Unmarshal(v, &number) == nil:
			(*p)[name] = []string{number.String()}
		default:
			return fmt.Errorf("parameter %q is neither a string nor a list of strings", name)
		}
	}
	return nil
}

func (p parameters) get(name, fallback string) string {
	if v := p[name]; len(v) > 0 {
		return v[0]
	}
	return fallback
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(b)
}
