package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// ErrKeyMode says that others on this machine can read a master key.
var ErrKeyMode = errors.New("the master key can be read by others")

// ReadMasterKey reads a key file that only its owner can read.
func ReadMasterKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && !isCredential(path) {
		return nil, fmt.Errorf("%w: %s has mode %04o", ErrKeyMode, path, mode)
	}
	text, err := ReadSmallFile(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	key, err := secret.ParseMasterKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// isCredential says that the service manager handed the file over, in a folder
// that others cannot enter. systemd lets the service in by an access list,
// which the file's mode shows as rights of the group.
func isCredential(path string) bool {
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	return folder != "" && filepath.Dir(path) == filepath.Clean(folder)
}

// EnsureMasterKey reads the key file, or makes one (0600) where there is none.
func EnsureMasterKey(path string) ([]byte, error) {
	key, err := ReadMasterKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = secret.NewMasterKey()
	return key, WriteSecret(path, secret.FormatMasterKey(key))
}

// WriteSecret makes a file of mode 0600, on disk when it returns. It replaces
// nothing: the error is fs.ErrExist then.
func WriteSecret(path string, content []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}
