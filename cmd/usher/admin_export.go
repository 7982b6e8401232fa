package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/app"
)

func (a *admin) exportCommand() *cobra.Command {
	var users bool
	var file string
	c := a.command("export", "Write a realm in Keycloak's JSON form", func(ctx context.Context, _ []string) error {
		q := url.Values{"users": {"skip"}, "secrets": {"true"}}
		if users {
			q.Set("users", "same_file")
		}
		var out api.ExportFiles
		if err := a.call(ctx, http.MethodGet, api.AdminPath(api.AdminExport, a.realm), q, nil, &out); err != nil {
			return err
		}
		if len(out.Files) != 1 {
			return failed(fmt.Errorf("the server sent %d files", len(out.Files)), "use an usher of the server's version")
		}
		if file == "" || file == "-" {
			_, err := a.stdout.Write(out.Files[0].Data)
			return err
		}
		err := app.WriteSecret(file, out.Files[0].Data)
		switch {
		case errors.Is(err, fs.ErrExist):
			return failed(err, "name another file, or remove that one first")
		case err != nil:
			return failed(err, "name a file that can be made with --output")
		}
		a.say("realm %s is written to %s", a.realm, file)
		return nil
	})
	c.Long = `Write the realm as a file that Keycloak and Usher import: settings, clients,
roles, scopes and keys with their secrets. Keep the file as you keep passwords.`
	c.Flags().BoolVar(&users, "users", false, "with the users and the hashes of their passwords")
	c.Flags().StringVarP(&file, "output", "o", "", "a new `file` of mode 0600 (else standard output)")
	return c
}
