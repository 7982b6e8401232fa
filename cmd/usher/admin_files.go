package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/app"
)

// exportFile is a file to import, folder that of it where the folder was named.
type exportFile struct{ path, folder string }

// open opens the file: a regular one, and out of a folder only what lies in it.
func (f exportFile) open() (*os.File, error) {
	if f.folder == "" {
		return app.OpenRegular(os.OpenFile, f.path)
	}
	root, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, err
	}
	in, err := app.OpenRegular(root.OpenFile, filepath.Base(f.path))
	if err != nil {
		err = fmt.Errorf("%s: %w", f.folder, err)
	}
	return in, errors.Join(err, root.Close())
}

// exportFiles lists the named files, and the .json files of named folders:
// files of users behind all others, as the server wants them. All of them can
// be opened.
func exportFiles(names []string) ([]exportFile, error) {
	const hint = "name files that Keycloak exported, or a folder of them"
	var out []exportFile
	for _, name := range names {
		files, err := jsonFiles(name)
		if err != nil {
			return nil, failed(err, hint)
		}
		out = append(out, files...)
	}
	for _, f := range out {
		in, err := f.open()
		if err == nil {
			err = in.Close()
		}
		if err != nil {
			return nil, failed(err, hint+": regular ones, which in a folder lie in that folder")
		}
	}
	slices.SortStableFunc(out, func(a, b exportFile) int {
		return cmp.Compare(numberOf(a.path), numberOf(b.path))
	})
	return out, nil
}

func jsonFiles(name string) ([]exportFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []exportFile{{path: name}}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var out []exportFile
	for _, e := range entries { // sorted by name
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".json") {
			out = append(out, exportFile{filepath.Join(name, e.Name()), name})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no .json file", name)
	}
	return out, nil
}

// usersOnly are the files of users that Keycloak writes beside a realm's.
var usersOnly = regexp.MustCompile(`-users-(\d+)\.json$`)

// numberOf is the number of a file of users, from 1 on; 0 for any other file.
func numberOf(path string) int {
	m := usersOnly.FindStringSubmatch(path)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 1
	}
	return n + 1
}

// fileStream is the body of an import, an api.ImportFiles, written file by file
// as it is sent. A file that cannot be read ends it.
func fileStream(files []exportFile) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, `{"files":[`)
		for i, file := range files {
			if err == nil && i > 0 {
				_, err = io.WriteString(w, ",")
			}
			if err == nil {
				err = writeFile(w, file)
			}
		}
		if err == nil {
			_, err = io.WriteString(w, `]}`)
		}
		w.CloseWithError(err)
	}()
	return r
}

// mostOfFile is how much of a file is sent: more than the server takes, so that
// it names the limit.
const mostOfFile = 128 << 20

func writeFile(w io.Writer, file exportFile) error {
	f, err := file.open()
	if err != nil {
		return err
	}
	defer f.Close()
	name, err := json.Marshal(file.path)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"name":%s,"data":"`, name); err != nil {
		return err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(encoder, io.LimitReader(f, mostOfFile)); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"}`)
	return err
}
