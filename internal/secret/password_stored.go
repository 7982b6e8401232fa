package secret

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/seed-a6a28e10/usher/internal/secret/argon2"
)

// Bounds on stored parameters, checked before any work, so that a hostile row
// exhausts neither memory nor a hash slot.
const (
	maxArgon2Memory     = 256 << 10 // KiB
	maxArgon2Passes     = 30
	maxArgon2Lanes      = 16
	maxPBKDF2Iterations = 10_000_000
	maxBcryptCost       = 14
	minValueSize        = 8
	maxValueSize        = 512
	maxSaltSize         = 1024
	maxHashJSON         = 16 << 10

	// bcryptInput is where bcrypt stops reading.
	bcryptInput = 72
)

// Bounds on the work of one check, all about two seconds of a core at most: the
// answer to every failed login in a realm takes as long as its dearest hash.
// Keycloak's own defaults are below them, up to its 1,300,000 iterations of
// pbkdf2 with SHA-1, whose 64 bytes are four blocks.
const (
	maxArgon2Work = 512 << 10 // KiB times passes
	// Of pbkdf2: iterations times output blocks.
	maxSHA1Work   = 5_200_000
	maxSHA256Work = 2_400_000
	maxSHA512Work = 2_000_000
)

// stored is one parsed and bounded hash.
type stored interface {
	verify(memory *argon2.Blocks, password string) (bool, error)
	kind() string
}

func parseHash(secretJSON, credentialJSON string) (stored, error) {
	if len(secretJSON) > maxHashJSON || len(credentialJSON) > maxHashJSON {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrPasswordHash, maxHashJSON)
	}
	var s secretData
	var c credentialData
	if err := json.Unmarshal([]byte(secretJSON), &s); err != nil {
		return nil, fmt.Errorf("%w: secretData is not the JSON expected", ErrPasswordHash) // the cause may quote the value
	}
	if err := json.Unmarshal([]byte(credentialJSON), &c); err != nil {
		return nil, fmt.Errorf("%w: credentialData: %v", ErrPasswordHash, err)
	}
	switch c.Algorithm {
	case "argon2", "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
	case "bcrypt":
		return parseBcrypt(s.Value)
	case "":
		return nil, fmt.Errorf("%w: credentialData names no algorithm", ErrPasswordHash)
	default: // before the rest is judged: only the algorithm says how it looks
		return nil, fmt.Errorf("%w %.40q", ErrPasswordAlgorithm, c.Algorithm)
	}
	value, err := decode("value", s.Value, minValueSize, maxValueSize)
	if err != nil {
		return nil, err
	}
	salt, err := decode("salt", s.Salt, 0, maxSaltSize)
	if err != nil {
		return nil, err
	}
	switch c.Algorithm {
	case "argon2":
		return parseArgon2(c, value, salt)
	case "pbkdf2", "pbkdf2-sha1":
		return parsePBKDF2("pbkdf2", sha1.New, sha1.Size, maxSHA1Work, c.Iterations, value, salt)
	case "pbkdf2-sha256":
		return parsePBKDF2(c.Algorithm, sha256.New, sha256.Size, maxSHA256Work, c.Iterations, value, salt)
	default: // pbkdf2-sha512
		return parsePBKDF2(c.Algorithm, sha512.New, sha512.Size, maxSHA512Work, c.Iterations, value, salt)
	}
}

// argon2Hash is algorithm "argon2", types id and i, version 1.3.
type argon2Hash struct {
	p           argon2Params
	value, salt []byte
}

func parseArgon2(c credentialData, value, salt []byte) (stored, error) {
	add := c.Additional
	if len(add) == 0 {
		add = c.Older
	}
	if v := add.get("version", "1.3"); v != "1.3" {
		return nil, fmt.Errorf("%w: argon2 version %.10q, only 1.3 is known", ErrPasswordAlgorithm, v)
	}
	variant := add.get("type", "id")
	if variant != "id" && variant != "i" {
		return nil, fmt.Errorf("%w: argon2 type %.10q, only id and i are known", ErrPasswordAlgorithm, variant)
	}
	memory, err1 := bounded("memory", add.get("memory", strconv.Itoa(argon2Memory)), maxArgon2Memory)
	lanes, err2 := bounded("parallelism", add.get("parallelism", "1"), maxArgon2Lanes)
	passes, err3 := bounded("hashIterations", strconv.FormatInt(c.Iterations, 10), maxArgon2Passes)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	if memory*passes > maxArgon2Work {
		return nil, fmt.Errorf("%w: memory times hashIterations is more than %d", ErrPasswordCost, maxArgon2Work)
	}
	return argon2Hash{
		p:     argon2Params{variant: variant, passes: uint32(passes), memory: uint32(memory), lanes: uint8(lanes)},
		value: value, salt: salt,
	}, nil
}

func (a argon2Hash) verify(memory *argon2.Blocks, password string) (bool, error) {
	got := a.p.derive(memory, []byte(password), a.salt, len(a.value))
	return subtle.ConstantTimeCompare(got, a.value) == 1, nil
}

func (a argon2Hash) kind() string {
	return fmt.Sprintf("argon2%s m=%d t=%d p=%d", a.p.variant, a.p.memory, a.p.passes, a.p.lanes)
}

// pbkdf2Hash takes its output length from the stored value, since Keycloak's
// changed between releases.
type pbkdf2Hash struct {
	name        string
	new         func() hash.Hash
	iterations  int
	value, salt []byte
}

func parsePBKDF2(name string, newHash func() hash.Hash, size int, most, iterations int64, value, salt []byte) (stored, error) {
	n, err := bounded("hashIterations", strconv.FormatInt(iterations, 10), maxPBKDF2Iterations)
	if err != nil {
		return nil, err
	}
	blocks := int64((len(value) + size - 1) / size)
	if n*blocks > most {
		return nil, fmt.Errorf("%w: %d iterations for %d bytes is too much work", ErrPasswordCost, n, len(value))
	}
	return pbkdf2Hash{name: name, new: newHash, iterations: int(n), value: value, salt: salt}, nil
}

func (p pbkdf2Hash) verify(_ *argon2.Blocks, password string) (bool, error) {
	got, err := pbkdf2.Key(p.new, password, p.salt, p.iterations, len(p.value))
	if err != nil {
		return false, fmt.Errorf("%w: %v", ErrPasswordHash, err)
	}
	return subtle.ConstantTimeCompare(got, p.value) == 1, nil
}

func (p pbkdf2Hash) kind() string {
	return fmt.Sprintf("%s i=%d n=%d", p.name, p.iterations, len(p.value))
}

// bcryptHash holds a "$2a$…" string, salt and cost within.
type bcryptHash struct {
	value []byte
	cost  int
}

func parseBcrypt(value string) (stored, error) {
	b := []byte(value)
	cost, err := bcrypt.Cost(b)
	if err != nil || len(b) != 60 {
		return nil, fmt.Errorf("%w: not a bcrypt string", ErrPasswordHash)
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("%w: bcrypt cost %d, at most %d", ErrPasswordCost, cost, maxBcryptCost)
	}
	return bcryptHash{value: b, cost: cost}, nil
}

// verify refuses more than 72 bytes, at full cost: bcrypt would ignore the rest
// and take every password with the same beginning.
func (b bcryptHash) verify(_ *argon2.Blocks, password string) (bool, error) {
	input := []byte(password)
	tooLong := len(input) > bcryptInput
	if tooLong {
		input = input[:bcryptInput]
	}
	err := bcrypt.CompareHashAndPassword(b.value, input)
	return err == nil && !tooLong, nil
}

func (b bcryptHash) kind() string { return "bcrypt c=" + strconv.Itoa(b.cost) }

// bounded reads a decimal number from 1 to most.
func bounded(name, text string, most int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n > most {
		return 0, fmt.Errorf("%w: %s is %d, at most %d", ErrPasswordCost, name, n, most)
	}
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%w: %s is %.20q, must be 1 to %d", ErrPasswordHash, name, text, most)
	}
	return n, nil
}

func decode(name, text string, least, most int) ([]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not base64", ErrPasswordHash, name)
	}
	if len(b) < least || len(b) > most {
		return nil, fmt.Errorf("%w: %s has %d bytes, must have %d to %d", ErrPasswordHash, name, len(b), least, most)
	}
	return b, nil
}
