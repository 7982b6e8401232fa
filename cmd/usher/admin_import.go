package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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
		if err := a.call(ctx, http.MethodPost, api.AdminImport, q, api.ImportFiles{Files: files}, &out); err != nil {
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

// maxImport bounds what is read of all files, in bytes: more does not go into
// one import.
const maxImport = 256 << 20

// exportFiles reads the named files, and the .json files of named folders.
func exportFiles(names []string) ([]api.File, error) {
	var out []api.File
	left := int64(maxImport)
	for _, name := range names {
		paths, err := jsonFiles(name)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			data, err := readAtMost(path, left)
			if err != nil {
				return nil, failed(err, "name files that Keycloak exported, or a folder of them")
			}
			left -= int64(len(data))
			out = append(out, api.File{Name: path, Data: data})
		}
	}
	return out, nil
}

func jsonFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, failed(err, "name files that Keycloak exported, or a folder of them")
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, failed(err, "")
	}
	var out []string
	for _, e := range entries { // sorted by name
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".json") {
			out = append(out, filepath.Join(name, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, failed(fmt.Errorf("%s holds no .json file", name), "name the folder that Keycloak's export wrote")
	}
	return out, nil
}

func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: the files are longer than %d MiB together; import them in parts", path, maxImport>>20)
	}
	return data, err
}

// printImport prints the table, and fails when the whole was a failure.
func (a *admin) printImport(r api.ImportReport) error {
	for _, line := range r.Warnings {
		fmt.Fprintln(a.stderr, "warning:", cli.Clean(line))
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
