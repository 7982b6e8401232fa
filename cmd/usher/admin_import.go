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
		var whole api.ImportReport
		for i, part := range inParts(files, maxPart) {
			var out api.ImportReport
			if err := a.call(ctx, http.MethodPost, api.AdminImport, q, api.ImportFiles{Files: part}, &out); err != nil {
				return a.partly(err, i, whole)
			}
			addReport(&whole, out, i == 0)
		}
		return a.printImport(whole)
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

// partly prints what was imported before a later part failed.
func (a *admin) partly(err error, parts int, whole api.ImportReport) error {
	if parts == 0 {
		return err
	}
	fmt.Fprintln(a.stderr, "warning: only a part of the files was imported; the same import again brings the rest")
	return errors.Join(err, a.printImport(whole))
}

// addReport adds what a part said to the whole. The realm's own file is in each
// part, so that only users count from the second one on.
func addReport(whole *api.ImportReport, part api.ImportReport, first bool) {
	if first {
		*whole = part
		return
	}
	for _, row := range part.Rows {
		for i := range whole.Rows {
			if w := &whole.Rows[i]; w.Realm == row.Realm && w.Kind == row.Kind && row.Kind == "users" {
				w.InFile, w.Imported, w.Changed, w.Skipped = w.InFile+row.InFile, w.Imported+row.Imported, w.Changed+row.Changed, w.Skipped+row.Skipped
				w.Why = append(w.Why, row.Why...)
			}
		}
	}
	whole.Warnings = append(whole.Warnings, part.Warnings...)
	whole.Differences = append(whole.Differences, part.Differences...)
	whole.Failed = append(whole.Failed, part.Failed...)
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
