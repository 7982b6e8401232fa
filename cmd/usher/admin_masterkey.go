package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
)

func (a *admin) masterKeyCommand() *cobra.Command {
	c := group("master-key", "The key that seals what is secret in the database", "The key that seals what is secret in the database.")
	c.AddCommand(a.masterKeyRotate())
	return c
}

// masterKeyRotated is what a rotation prints.
type masterKeyRotated struct {
	api.MasterKeyRotated
	File string `json:"file"` // with the key that is now in force
}

func (a *admin) masterKeyRotate() *cobra.Command {
	var file string
	c := a.command("rotate", "Seal everything under a new master key", func(ctx context.Context, _ []string) error {
		if file == "" {
			return a.rotateOwnMasterKey(ctx)
		}
		path, err := filepath.Abs(file)
		if err != nil {
			return failed(err, "")
		}
		if err := a.outside(path); err != nil {
			return err
		}
		key, err := app.EnsureMasterKey(path)
		if err != nil {
			return failed(err, newKeyHint(err, path))
		}
		out := masterKeyRotated{File: path}
		if err := a.call(ctx, http.MethodPost, api.AdminMasterKeyRotate, nil, api.RotateMasterKey{New: key}, &out.MasterKeyRotated); err != nil {
			return err
		}
		if !a.table() {
			return printJSON(a, out)
		}
		a.say("%d secrets are sealed under the key in %s\nbefore the next start, put it in the place of the old one or name it in master_key_file;\nkeep the old one as long as backups made before", out.Resealed, path)
		return nil
	})
	c.Long = `Seal everything under a new master key, in one step that is done or not. The
new key takes the place of the old one in the file that master_key_file names,
and the old one stays beside it in FILE.old-DATE, since backups made before need it.
Where that file cannot be written, as with a credential of the service manager,
the new key is that of --new-key-file, which is made (0600) where it is not
there; a running server goes on with it, and at its next start it must find it
where its settings say. Keep a copy of the old key as long as backups made before.`
	c.Flags().StringVar(&file, "new-key-file", "", "`file` of the new key, outside the data folder")
	return c
}

// rotateOwnMasterKey leaves the key's file to the server, or where none runs to
// the Usher in this process.
func (a *admin) rotateOwnMasterKey(ctx context.Context) error {
	var out api.MasterKeyRotated
	if err := a.call(ctx, http.MethodPost, api.AdminMasterKeyRotate, nil, api.RotateMasterKey{}, &out); err != nil {
		return err
	}
	if !a.table() {
		return printJSON(a, masterKeyRotated{MasterKeyRotated: out, File: out.File})
	}
	a.say("%d secrets are sealed under the new key in %s\nthe old key is in %s: backups made before need it", out.Resealed, out.File, out.OldFile)
	return nil
}

// outside refuses a key inside the data folder: a copy of the folder would
// carry its own key.
func (a *admin) outside(path string) error {
	at, err := a.locate()
	if err != nil {
		return err
	}
	inside, err := filepath.Rel(realPath(at.data), realPath(path))
	if err == nil && filepath.IsLocal(inside) {
		return usage(fmt.Errorf("%s lies inside the data folder: a copy of the folder would carry its own key", path), "name a file elsewhere")
	}
	return nil
}

func newKeyHint(err error, path string) string {
	switch {
	case errors.Is(err, app.ErrKeyMode):
		return "chmod 600 " + path
	case errors.Is(err, fs.ErrNotExist):
		return "make the folder first, with mode 0700"
	}
	return "name another file with --new-key-file"
}
