package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// nextSuffix is that of the file in which a new master key waits beside the old
// one until everything is sealed under it.
const nextSuffix = ".next"

// KeyFiles is what a rotation of the master key does to files; nil functions are
// the real ones.
type KeyFiles struct {
	// Write makes a file of mode 0600, on disk with its name when it returns;
	// fs.ErrExist where there is one.
	Write  func(path string, content []byte) error
	Rename func(from, to string) error // durable when it returns
	Remove func(path string) error
}

func (k KeyFiles) real() KeyFiles {
	if k.Write == nil {
		k.Write = func(path string, content []byte) error {
			if err := WriteSecret(path, content); err != nil {
				return err
			}
			return syncFolder(filepath.Dir(path))
		}
	}
	if k.Rename == nil {
		k.Rename = func(from, to string) error {
			if err := os.Rename(from, to); err != nil {
				return err
			}
			return syncFolder(filepath.Dir(to))
		}
	}
	if k.Remove == nil {
		k.Remove = os.Remove
	}
	return k
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// unlock opens the store's root key, and settles what a rotation that was cut
// off has left: where the old key still opens the store, a waiting new one was
// for nothing; where it does not and the new one does, that takes its place.
func (a *App) unlock(sealed []byte) (root, store []byte, err error) {
	root, store, err = a.sealer.inForce().UnlockRoot(sealed)
	if a.cfg.MasterKeyFile == "" || sealed == nil {
		return root, store, err
	}
	path, files := a.cfg.MasterKeyFile+nextSuffix, a.opt.KeyFiles.real()
	switch {
	case err == nil:
		a.dropNext(files, path)
		return root, store, nil
	case !errors.Is(err, secret.ErrSealed):
		return root, store, err
	}
	key, missing := ReadMasterKey(path)
	if missing != nil {
		if !errors.Is(missing, fs.ErrNotExist) {
			err = errors.Join(err, missing)
		}
		return nil, nil, err
	}
	next, bad := secret.NewSealer(key)
	if bad != nil {
		return nil, nil, errors.Join(err, bad)
	}
	if root, _, bad = next.UnlockRoot(sealed); bad != nil {
		return nil, nil, err // neither opens it: the old key's error says so
	}
	if err := files.Rename(path, a.cfg.MasterKeyFile); err != nil {
		return nil, nil, fmt.Errorf("the store is sealed under %s, which cannot take the place of %s: %w", path, a.cfg.MasterKeyFile, err)
	}
	a.sealer.hold(next, nil)
	a.log.Warn("finished a rotation of the master key that was cut off", "file", a.cfg.MasterKeyFile)
	return root, nil, nil
}

// dropNext removes a new key under which nothing is sealed.
func (a *App) dropNext(files KeyFiles, path string) {
	switch err := files.Remove(path); {
	case err == nil:
		a.log.Warn("removed a master key that a rotation which was cut off had left and nothing is sealed under", "file", path)
	case !errors.Is(err, fs.ErrNotExist):
		a.log.Warn("a master key that nothing is sealed under cannot be removed", "file", path, "error", err)
	}
}
