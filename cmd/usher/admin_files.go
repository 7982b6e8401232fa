package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
)

const (
	// maxImport bounds what is read of all files of one import, in bytes.
	maxImport = 1 << 30
	// maxPart bounds what one request carries: the server takes 64 MiB, and
	// base64 makes four bytes of three.
	maxPart = 44 << 20
)

// exportFiles reads the named files, and the .json files of named folders.
func exportFiles(names []string) ([]api.File, error) {
	const hint = "name files that Keycloak exported, or a folder of them"
	var out []api.File
	left := int64(maxImport)
	for _, name := range names {
		paths, err := jsonFiles(name)
		if err != nil {
			return nil, failed(err, hint)
		}
		for _, path := range paths {
			data, err := readAtMost(path, left)
			if err != nil {
				return nil, failed(err, hint)
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

func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: the files are longer than %d MiB together", path, maxImport>>20)
	}
	return data, err
}

// usersOnly are the files of users that Keycloak writes beside a realm's.
var usersOnly = regexp.MustCompile(`-users-\d+\.json$`)

// inParts makes requests of files that are too long for one together: each has
// all files but those of users, and some of these.
func inParts(files []api.File, most int) [][]api.File {
	size := func(list []api.File) (n int) {
		for _, f := range list {
			n += len(f.Data)
		}
		return n
	}
	if size(files) <= most {
		return [][]api.File{files}
	}
	var base, users []api.File
	for _, f := range files {
		if usersOnly.MatchString(f.Name) {
			users = append(users, f)
		} else {
			base = append(base, f)
		}
	}
	var out [][]api.File
	for len(users) > 0 {
		part := append([]api.File{}, base...)
		for n := size(base); len(users) > 0 && (len(part) == len(base) || n+len(users[0].Data) <= most); users = users[1:] {
			n += len(users[0].Data)
			part = append(part, users[0])
		}
		out = append(out, part)
	}
	if len(out) == 0 { // one that is too long by itself: the server says so
		return [][]api.File{files}
	}
	return out
}
