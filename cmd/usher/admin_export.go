package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

func (a *admin) exportCommand() *cobra.Command {
	var users, secrets bool
	var to string
	c := a.command("export", "Write a realm in Keycloak's JSON form", func(ctx context.Context, _ []string) error {
		q := url.Values{"users": {api.UsersSkip}}
		if secrets {
			q.Set("secrets", "true")
		}
		info, err := os.Stat(to)
		folder := to != "" && err == nil && info.IsDir()
		switch {
		case users && folder:
			q.Set("users", api.UsersDifferentFiles)
		case users:
			q.Set("users", api.UsersSameFile)
		}
		if folder {
			return a.exportFolder(ctx, q, to)
		}
		out, err := a.exported(ctx, q)
		if err != nil {
			return err
		}
		if to == "" || to == "-" {
			_, err := a.stdout.Write(out.Files[0].Data)
			return err
		}
		return a.write(to, out.Files[0].Data)
	})
	c.Long = `Write the realm as Keycloak writes one, for Keycloak and Usher to import: settings,
clients, roles, scopes and, with --users, people. Secrets are stars unless
--secrets is given; with it, keep the file as you keep passwords. Into a folder
users go in files of their own, for realms too large for one file.`
	c.Flags().BoolVar(&users, "users", false, "with the users")
	c.Flags().BoolVar(&secrets, "secrets", false, "with the clients' secrets, the keys, and the hashes of passwords")
	c.Flags().StringVarP(&to, "output", "o", "", "a new `file` of mode 0600, or a folder that is there (else standard output)")
	return c
}

func (a *admin) exported(ctx context.Context, q url.Values) (api.ExportFiles, error) {
	var out api.ExportFiles
	if err := a.call(ctx, http.MethodGet, api.AdminPath(api.AdminExport, a.realm), q, nil, &out); err != nil {
		return out, err
	}
	if len(out.Files) == 0 {
		return out, failed(errors.New("the server sent no file"), "use an usher of the server's version")
	}
	return out, nil
}

// exportFolder writes file after file, as they come.
func (a *admin) exportFolder(ctx context.Context, q url.Values, folder string) error {
	for written := 0; ; {
		out, err := a.exported(ctx, q)
		if err != nil {
			return err
		}
		for _, f := range out.Files {
			if f.Name != filepath.Base(f.Name) {
				return failed(fmt.Errorf("the server sent a file named %s", cli.Clean(f.Name)), "")
			}
			if err := a.write(filepath.Join(folder, f.Name), f.Data); err != nil {
				return err
			}
			written++
		}
		if out.Next == "" {
			a.say("%s in all", cli.Count(int64(written), "file"))
			return nil
		}
		q.Set("after", out.Next)
	}
}

func (a *admin) write(path string, data []byte) error {
	err := app.WriteSecret(path, data)
	switch {
	case errors.Is(err, fs.ErrExist):
		return failed(err, "name another file, or remove that one first")
	case err != nil:
		return failed(err, "name a file that can be made with --output")
	}
	a.say("realm %s is written to %s", a.realm, path)
	return nil
}
