package arch

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// outside are the packages that may touch the outer world: they parse what a
// person typed, start the process, or measure one.
func outside(path string) bool {
	return strings.HasPrefix(path, "internal/app") || strings.HasPrefix(path, "cmd/") || strings.HasPrefix(path, "bench/")
}

// notBelowApp are the selectors that make a package's answers depend on more
// than its arguments; below app the clock, randomness and settings are fields.
var notBelowApp = map[string]string{
	"time.Now":      "take the clock as a field",
	"time.Since":    "take the clock as a field",
	"time.Until":    "take the clock as a field",
	"time.Sleep":    "wait through the injected clock",
	"os.Getenv":     "cmd reads the environment, config parses it",
	"os.LookupEnv":  "cmd reads the environment, config parses it",
	"os.Environ":    "cmd reads the environment, config parses it",
	"os.Args":       "cmd reads the arguments",
	"crypto/rand.":  "package secret is where randomness comes from",
	"math/rand.":    "take the source as a field",
	"math/rand/v2.": "take the source as a field",
	"os.Exit":       "return an error",
	"log.Fatal":     "return an error",
	"log.Fatalf":    "return an error",
	"flag.":         "cmd reads the arguments",

	"net/http.Handle":          "mount on the mux that is handed in",
	"net/http.HandleFunc":      "mount on the mux that is handed in",
	"net/http.DefaultServeMux": "mount on the mux that is handed in",
	"net/http.DefaultClient":   "take the client as a field",
}

func TestNothingBelowAppReadsTheWorld(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if outside(p.path) {
			continue
		}
		for _, f := range p.files {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				if used, why := worldly(f, n); why != "" && (p.path != "internal/secret" || used != "crypto/rand.") {
					t.Errorf("%s uses %s: %s", f.name, used, why)
				}
				return true
			})
		}
	}
}

// worldly tells which forbidden selector n is, if any. An entry that ends in a
// dot forbids the whole package.
func worldly(f file, n ast.Node) (used, why string) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok || isLocal(x) {
		return "", ""
	}
	imp, ok := f.imports[x.Name]
	if !ok {
		return "", ""
	}
	for _, used := range []string{imp + "." + sel.Sel.Name, imp + "."} {
		if why, ok := notBelowApp[used]; ok {
			return used, why
		}
	}
	return "", ""
}

// isLocal says that the parser found a declaration of x in its own file, so
// that x is not the name of an import. (The parser's own resolution is enough
// here; go/types would load every dependency.)
func isLocal(x *ast.Ident) bool {
	return x.Obj != nil
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !p.doc {
			t.Errorf("package %s has no doc.go with a package comment", p.path)
		}
	}
}

func TestNoInit(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s has an init function", f.name)
				}
			}
		}
	}
}

// TestNoPackageState allows error sentinels and tables that are written once,
// where they are declared, and finds variables that are assigned to later,
// declared empty, or built to change (a mutex, an atomic).
func TestNoPackageState(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, complaint := range packageState(p) {
			t.Error(complaint)
		}
	}
}

func packageState(p pkg) (complaints []string) {
	vars := map[string]bool{}
	specs := map[any]bool{}
	for _, f := range p.files {
		for _, s := range packageVars(f) {
			specs[s] = true
			for _, name := range s.Names {
				vars[name.Name] = name.Name != "_"
				if name.Name != "_" && (len(s.Values) == 0 || changes(s)) {
					complaints = append(complaints, f.name+": package variable "+name.Name+" is made to change")
				}
			}
		}
	}
	for _, f := range p.files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			for _, x := range written(n) {
				if declaredIn(x, vars, specs) {
					complaints = append(complaints, f.name+" assigns to package variable "+x.Name)
				}
			}
			return true
		})
	}
	return complaints
}

// packageVars lists f's package-level variables but those filled by go:embed.
func packageVars(f file) []*ast.ValueSpec {
	var out []*ast.ValueSpec
	for _, d := range f.syntax.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if !embedded(g.Doc) && !embedded(v.Doc) {
				out = append(out, v)
			}
		}
	}
	return out
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// changes says that a variable's declared type or value is one of sync or atomic.
func changes(s *ast.ValueSpec) bool {
	found := false
	look := func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "sync" || x.Name == "atomic") {
				found = true
			}
		}
		return true
	}
	if s.Type != nil {
		ast.Inspect(s.Type, look)
	}
	for _, v := range s.Values {
		ast.Inspect(v, look)
	}
	return found
}

// written lists the variables that a statement assigns to, by itself or
// through an index or a member.
func written(n ast.Node) []*ast.Ident {
	var targets []ast.Expr
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			targets = n.Lhs
		}
	case *ast.IncDecStmt:
		targets = []ast.Expr{n.X}
	}
	var out []*ast.Ident
	for _, e := range targets {
		if x := root(e); x != nil {
			out = append(out, x)
		}
	}
	return out
}

func root(e ast.Expr) *ast.Ident {
	for {
		switch v := e.(type) {
		case *ast.Ident:
			return v
		case *ast.IndexExpr:
			e = v.X
		case *ast.SelectorExpr:
			e = v.X
		case *ast.ParenExpr:
			e = v.X
		case *ast.StarExpr:
			e = v.X
		default:
			return nil
		}
	}
}

// declaredIn says whether x is one of the package's variables: the parser
// resolves names within a file, and leaves those of other files open.
func declaredIn(x *ast.Ident, vars map[string]bool, specs map[any]bool) bool {
	if obj := x.Obj; obj != nil {
		return specs[obj.Decl]
	}
	return vars[x.Name]
}
