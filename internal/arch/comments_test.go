package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// deadWords mean nothing to whoever has only this repository: directives to a
// linter that does not run here, and chapters of documents that are not there.
var deadWords = regexp.MustCompile(`nolint|\bDESIGN\b`)

func TestCommentsStandAlone(t *testing.T) {
	t.Parallel()
	everySource(t, func(path string) {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				if word := deadWords.FindString(c.Text); word != "" && !strings.HasPrefix(c.Text, "// deadWords") {
					t.Errorf("%s: a comment says %q", path, word)
				}
			}
		}
	})
}

// TestEveryFolderOfGoHasADoc also outside this module: interop is its own.
func TestEveryFolderOfGoHasADoc(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	everySource(t, func(path string) {
		dir := filepath.Dir(path)
		if asked[dir] {
			return
		}
		asked[dir] = true
		if _, err := os.Stat(filepath.Join(dir, "doc.go")); err != nil {
			t.Error(err)
		}
	})
}

// everySource walks over all Go files, tests and other modules included.
func everySource(t *testing.T, visit func(path string)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "node_modules" || len(name) > 2 && name[0] == '.'):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			seen++
			visit(path)
		}
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d files, %v", seen, err)
	}
}
