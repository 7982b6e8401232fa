package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// ErrPassphrase says that a passphrase does not open the key of an archive.
var ErrPassphrase = errors.New("the passphrase does not open the key in this backup")

// WorkFactor is the cost of one guess at a passphrase, as a power of two: about
// a second of one core, and 256 MiB. No key is opened that asks for more.
const WorkFactor = 18

// SealKey encrypts a master key under a passphrase, in the format of age
// (https://age-encryption.org/v1), so that its tool opens it too. work is
// WorkFactor, or less where nothing is worth keeping.
func SealKey(key []byte, passphrase string, work int) ([]byte, error) {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	to.SetWorkFactor(work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	if _, err := w.Write(key); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return out.Bytes(), nil
}

// OpenKey decrypts what SealKey made; ErrPassphrase when it does not open.
func OpenKey(sealed []byte, passphrase string) ([]byte, error) {
	from, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	from.SetMaxWorkFactor(WorkFactor)
	r, err := age.Decrypt(bytes.NewReader(sealed), from)
	if err != nil {
		return nil, ErrPassphrase
	}
	key, err := io.ReadAll(io.LimitReader(r, maxKey))
	if err != nil {
		return nil, ErrPassphrase
	}
	return key, nil
}
