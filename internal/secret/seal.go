package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// MasterKeySize is the length of a master key in bytes.
const MasterKeySize = 32

// sealVersion is the first byte of every sealed value: AES-256-GCM, nonce of
// 96 random bits, key derived as NewSealer does. Another scheme gets another.
const sealVersion = 1

// ErrSealed says that a sealed value cannot be opened: wrong master key, wrong
// place, or changed bytes. Which of them is not told, since GCM cannot tell.
var ErrSealed = errors.New("secret: cannot open sealed value (wrong master key, or the value was changed or moved)")

// NewMasterKey returns a random master key.
func NewMasterKey() []byte { return Token(MasterKeySize) }

// FormatMasterKey is the text form of a key file: base64 and a line break.
func FormatMasterKey(key []byte) []byte {
	return append([]byte(base64.StdEncoding.EncodeToString(key)), '\n')
}

// ParseMasterKey reads a key file: base64 (either alphabet, padding optional)
// or hexadecimal text, blanks around it ignored. Raw bytes are refused: a typed
// passphrase of 32 characters would pass for them.
func ParseMasterKey(file []byte) ([]byte, error) {
	text := bytes.TrimSpace(file)
	if len(text) == hex.EncodedLen(MasterKeySize) {
		if key, err := hex.DecodeString(string(text)); err == nil {
			return key, nil
		}
	}
	bare := string(bytes.TrimRight(text, "="))
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(bare); err == nil && len(key) == MasterKeySize {
			return key, nil
		}
	}
	return nil, fmt.Errorf("secret: a master key is %d bytes as base64 or hexadecimal text", MasterKeySize)
}

// Sealer encrypts secrets under the master key with AES-256-GCM. The place a
// value belongs to is authenticated with it, so that a value moved to another
// realm, row or column does not open. Safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer makes a Sealer of a 32-byte master key.
func NewSealer(master []byte) (*Sealer, error) {
	if len(master) != MasterKeySize {
		return nil, fmt.Errorf("secret: master key has %d bytes, want %d", len(master), MasterKeySize)
	}
	// The cipher's key is derived, so that the master key itself stays free for
	// other uses (tags, a later scheme) without one key serving two ciphers.
	block, err := aes.NewCipher(Tag(master, "usher", "seal", "aes-256-gcm"))
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return &Sealer{aead: aead}, nil
}

// Seal encrypts plain for one place: the realm, the id of what it belongs to,
// and the purpose. Two calls never give the same bytes.
func (s *Sealer) Seal(plain []byte, realmID, id, purpose string) []byte {
	size := 1 + s.aead.NonceSize()
	out := make([]byte, size, size+len(plain)+s.aead.Overhead())
	out[0] = sealVersion
	fill(out[1:size])
	return s.aead.Seal(out, out[1:size], plain, place(out[0], realmID, id, purpose))
}

// Open decrypts what Seal made for the same place; ErrSealed otherwise.
func (s *Sealer) Open(sealed []byte, realmID, id, purpose string) ([]byte, error) {
	size := 1 + s.aead.NonceSize()
	if len(sealed) < size+s.aead.Overhead() || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	plain, err := s.aead.Open(nil, sealed[1:size], sealed[size:], place(sealed[0], realmID, id, purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// place is the associated data: the version and the length-prefixed parts.
func place(version byte, parts ...string) []byte {
	aad := []byte{version}
	for _, p := range parts {
		aad = binary.BigEndian.AppendUint32(aad, uint32(len(p)))
		aad = append(aad, p...)
	}
	return aad
}
