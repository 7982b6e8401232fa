package rig

import (
	"os"
	"path/filepath"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// Unlock opens the root key of a store that a server of Options.Dir had, for
// programs that go on where it stopped.
func Unlock(dir string) (func(sealed []byte) (root, store []byte, err error), error) {
	text, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	key, err := secret.ParseMasterKey(text)
	if err != nil {
		return nil, err
	}
	sealer, err := secret.NewSealer(key)
	if err != nil {
		return nil, err
	}
	return sealer.UnlockRoot, nil
}
