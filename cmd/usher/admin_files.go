package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// exportFiles lists the named files, and the .json files of named folders:
// files of users behind all others, as the server wants them.
func exportFiles(names []string) ([]string, error) {
	const hint = "name files that Keycloak exported, or a folder of them"
	var out []string
	for _, name := range names {
		paths, err := jsonFiles(name)
		if err != nil {
			return nil, failed(err, hint)
		}
		out = append(out, paths...)
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Compare(numberOf(a), numberOf(b))
	})
	return out, nil
}

func jsonFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries { // sorted by name
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".json") {
			out = append(out, filepath.Join(name, e.Name()))
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
func fileStream(paths []string) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, `{"files":[`)
		for i, path := range paths {
			if err == nil && i > 0 {
				_, err = io.WriteString(w, ",")
			}
			if err == nil {
				err = writeFile(w, path)
			}
		}
		if err == nil {
			_, err = io.WriteString(w, `]}`)
		}
		w.CloseWithError(err)
	}()
	return r
}

func writeFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	name, err := json.Marshal(path)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"name":%s,"data":"`, name); err != nil {
		return err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(encoder, f); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"}`)
	return err
}
