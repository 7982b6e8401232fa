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
			return usage(errors.New("where is the new key to be kept?"), "name a file outside the data folder with --new-key-file; it is made where it is not")
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
new key is that of --new-key-file, which is made (0600) where it is not there.
A running server goes on with it; at its next start it must find it where its
settings say. Keep the old key as long as backups made before.`
	c.Flags().StringVar(&file, "new-key-file", "", "`file` of the new key, outside the data folder")
	return c
}

// outside refuses a key inside the data folder: a copy of the folder would
// carry its own key.
func (a *admin) outside(path string) error {
	at, err := a.folder()
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
