package app

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// RotateMasterKey seals everything under another master key, and says how many
// values that were. Without a given key it makes one and puts it in the place
// of the old one, whose file it answers with that in which the old key stays,
// since older backups open with it: first both beside it under other names,
// then the commit, then the renaming; a start settles what a crash in between
// left. A given key the caller keeps, and no file is answered. The key is in
// force in this process when it returns.
func (a *App) RotateMasterKey(ctx context.Context, by admin.Caller, given []byte) (out api.MasterKeyRotated, err error) {
	a.sealing.Lock()
	defer a.sealing.Unlock()
	ctx = context.WithoutCancel(ctx) // half a rotation is worth less than none
	key, err := a.nextMasterKey(given)
	if err != nil {
		return out, err
	}
	next, err := secret.NewSealer(key)
	if err != nil {
		return out, err
	}
	var files keyPair
	if given == nil {
		if files, err = a.writeKeys(key); err != nil {
			return out, err
		}
	}
	old := a.sealer.inForce()
	a.sealer.hold(old, next)
	resealed, err := a.admin.Reseal(ctx, by, old, next)
	if err != nil && !a.settled(ctx, err, next) {
		return out, a.takeBack(ctx, err, old, files)
	}
	a.sealer.hold(next, old)
	a.masterKey = key
	err = nil
	if files.waiting != "" {
		err = a.opt.KeyFiles.real().Rename(files.waiting, a.cfg.MasterKeyFile)
		out.File, out.OldFile = a.cfg.MasterKeyFile, files.old
	}
	if a.snapshot.Reload(ctx) == nil { // what is read from now on is sealed under the new key
		a.sealer.hold(next, nil)
	}
	a.log.Info("everything is sealed under a new master key", "values", resealed, "old_key", files.old)
	if err != nil {
		return api.MasterKeyRotated{}, oauth.RefuseArg(oauth.AdminRefused, "Everything is sealed under the key in "+files.waiting+", which cannot take the place of "+a.cfg.MasterKeyFile).
			WithHint("Move it there before the next start.").Because(err)
	}
	out.Resealed = resealed
	return out, nil
}

// keyPair names the file of the new key that waits, and that of the old one
// that stays.
type keyPair struct{ waiting, old string }

// writeKeys writes the new key and a copy of the old one beside its file.
func (a *App) writeKeys(key []byte) (keyPair, error) {
	files := a.opt.KeyFiles.real()
	out := keyPair{waiting: a.cfg.MasterKeyFile + nextSuffix}
	if err := files.Write(out.waiting, secret.FormatMasterKey(key)); err != nil {
		return keyPair{}, keyFileRefusal(err, out.waiting)
	}
	stamp := a.cfg.MasterKeyFile + ".old-" + a.clock.Now().UTC().Format("20060102150405")
	out.old = stamp
	err := files.Write(out.old, secret.FormatMasterKey(a.masterKey))
	for n := 2; errors.Is(err, fs.ErrExist) && n < 100; n++ { // several within one second
		out.old = fmt.Sprintf("%s-%d", stamp, n)
		err = files.Write(out.old, secret.FormatMasterKey(a.masterKey))
	}
	if err != nil {
		a.dropNext(files, out.waiting)
		return keyPair{}, keyFileRefusal(err, out.old)
	}
	return out, nil
}

// nextMasterKey is the given key, or a new one where the file is known.
func (a *App) nextMasterKey(given []byte) ([]byte, error) {
	switch {
	case given == nil && a.cfg.MasterKeyFile == "":
		return nil, oauth.RefuseArg(oauth.AdminRefused, "This Usher was not told in which file its master key lies").
			WithHint("Name a file for the new key with --new-key-file.")
	case given == nil:
		return secret.NewMasterKey(), nil
	case len(given) != secret.MasterKeySize:
		return nil, oauth.RefuseArg(oauth.AdminRefused, fmt.Sprintf("A master key has %d bytes", secret.MasterKeySize))
	case subtle.ConstantTimeCompare(given, a.masterKey) == 1:
		return nil, oauth.RefuseArg(oauth.AdminRefused, "This key is the one in force").
			WithHint("Name a file with another key, or one that is not there: it is made then.")
	}
	return given, nil
}

func keyFileRefusal(err error, path string) error {
	if errors.Is(err, fs.ErrExist) {
		return oauth.RefuseArg(oauth.AdminRefused, path+" is there already: an earlier rotation did not end").
			WithHint("Start the server anew: it finishes that rotation or removes the file.").Because(err)
	}
	return oauth.RefuseArg(oauth.AdminRefused, "The new key cannot be written to "+path).
		WithHint("Make the folder writable for Usher, or name a file of your own with --new-key-file.").Because(err)
}

// settled finds out what became of a commit whose outcome was not told: a commit
// of our own behind it, then the read.
func (a *App) settled(ctx context.Context, err error, next *secret.Sealer) bool {
	if !errors.Is(err, iam.ErrUnavailable) || a.store.Probe(ctx) != nil {
		return false
	}
	sealed, err := a.store.SealedRootKey(ctx)
	if err != nil {
		return false
	}
	_, _, err = next.UnlockRoot(sealed)
	return err == nil
}

// takeBack ends a rotation that did not come about. Where nobody knows whether
// it did, both keys stay until the next start.
func (a *App) takeBack(ctx context.Context, cause error, old *secret.Sealer, files keyPair) error {
	sealed, err := a.store.SealedRootKey(ctx)
	if err == nil {
		_, _, err = old.UnlockRoot(sealed)
	}
	if err != nil {
		a.log.Error("nobody knows whether everything is sealed under the new master key: start anew", "error", cause)
		return cause
	}
	a.sealer.hold(old, nil)
	if files.waiting != "" {
		a.dropNext(a.opt.KeyFiles.real(), files.waiting)
		a.dropNext(a.opt.KeyFiles.real(), files.old) // only a copy of the key in force
	}
	return cause
}

// whileSealing keeps the master key as it is while an order that may seal
// something is obeyed. Reading events may wait long, and seals nothing.
func (a *App) whileSealing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != api.AdminMasterKeyRotate && !strings.HasPrefix(r.URL.Path, api.AdminEvents) {
			a.sealing.RLock()
			defer a.sealing.RUnlock()
		}
		next.ServeHTTP(w, r)
	})
}
