package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

func (a *admin) importCommand() *cobra.Command {
	var dry, overwrite, passwords bool
	c := a.command("import FILE|FOLDER…", "Bring realms from Keycloak exports", func(ctx context.Context, args []string) error {
		files, err := exportFiles(args)
		if err != nil {
			return err
		}
		q := url.Values{}
		for name, is := range map[string]bool{"dry_run": dry, "overwrite": overwrite, "overwrite_passwords": passwords} {
			if is {
				q.Set(name, "true")
			}
		}
		var out api.ImportReport
		if err := a.call(ctx, http.MethodPost, api.AdminImport, q, fileStream(files), &out); err != nil {
			return err
		}
		return a.printImport(out)
	})
	c.Long = `Bring realms from files that Keycloak exported, or from folders of them: one file
for each realm, with its users in it or in files beside it. What is there
already is kept, so the same import again changes nothing; a table says what was
imported, changed and skipped, and why. People log in with the passwords they had.`
	c.Flags().BoolVar(&dry, "dry-run", false, "write nothing, and print the same table")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "let the files win over what is stored, but for users' passwords")
	c.Flags().BoolVar(&passwords, "overwrite-passwords", false, "let the files win over stored passwords too")
	return c
}

// printImport prints the table, and fails when the whole was a failure.
func (a *admin) printImport(r api.ImportReport) error {
	said := map[string]bool{}
	for _, lines := range []struct {
		kind string
		list []string
	}{{"warning", r.Warnings}, {"kept as stored", r.Differences}} {
		for _, line := range lines.list {
			if !said[line] {
				said[line] = true
				fmt.Fprintf(a.stderr, "%s: %s\n", lines.kind, cli.Clean(line))
			}
		}
	}
	if a.table() {
		t := cli.Table{Head: []string{"REALM", "KIND", "IN FILE", "IMPORTED", "CHANGED", "SKIPPED", "WHY"}}
		for _, row := range r.Rows {
			t.Add(row.Realm, row.Kind, strconv.Itoa(row.InFile), strconv.Itoa(row.Imported), strconv.Itoa(row.Changed), strconv.Itoa(row.Skipped),
				strings.Join(row.Why, "; "))
		}
		if err := t.Write(a.stdout, a.bold()); err != nil {
			return err
		}
		if r.DryRun {
			a.say("nothing was written: this was a dry run")
		}
	} else if err := printJSON(a, r); err != nil {
		return err
	}
	if len(r.Failed) > 0 {
		return failed(errors.New(cli.Clean(strings.Join(r.Failed, "; "))), "")
	}
	return nil
}
