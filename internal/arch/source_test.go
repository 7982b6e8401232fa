package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seed-a6a28e10/usher"

// pkg is one folder of this module with Go files.
type pkg struct {
	path  string // below the module, with slashes
	doc   bool   // has a doc.go with a package comment
	files []file // without test files
}

// file is one parsed source file that is not a test.
type file struct {
	name    string // below the module
	syntax  *ast.File
	fset    *token.FileSet
	imports map[string]string // local name → import path
	own     []string          // imported packages of this module, below the module
}

// packages parses every package of this module; nested modules, testdata and
// hidden folders are other houses.
func packages(t *testing.T) []pkg {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []pkg
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != root && elsewhere(dir, d.Name()) {
			return filepath.SkipDir
		}
		if p, ok := load(t, root, dir); ok {
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func elsewhere(dir, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func load(t *testing.T, root, dir string) (pkg, bool) {
	t.Helper()
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	p := pkg{path: filepath.ToSlash(rel)}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			f := parse(t, name, path.Join(p.path, filepath.Base(name)))
			p.doc = p.doc || filepath.Base(name) == "doc.go" && f.syntax.Doc != nil
			p.files = append(p.files, f)
		}
	}
	return p, len(names) > 0
}

func parse(t *testing.T, name, shown string) file {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	f := file{name: shown, syntax: syntax, fset: fset, imports: map[string]string{}}
	for _, spec := range syntax.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		local := localName(imp)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		f.imports[local] = imp
		if own, ok := strings.CutPrefix(imp, module+"/"); ok {
			f.own = append(f.own, own)
		}
	}
	return f
}

// localName guesses the name an import gets without one: the last element that
// is not a major version. Good enough for the standard library, whose names
// are all this test asks about.
func localName(imp string) string {
	elems := strings.Split(imp, "/")
	slices.Reverse(elems)
	for _, e := range elems {
		if !strings.HasPrefix(e, "v") || strings.Trim(e[1:], "0123456789") != "" {
			return e
		}
	}
	return imp
}
