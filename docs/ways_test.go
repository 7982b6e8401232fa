package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// aPath is a string that looks like a path that is mounted somewhere.
var aPath = regexp.MustCompile(`^(?:[A-Z]+ )?(/[A-Za-z.{][^ ]*)$`)

// J1 (ASVS 6.1.1, 6.1.3): one page lists every path that Usher mounts, what it
// opens and how it is throttled; a path that is not there fails this test.
func TestJ1_EveryPathIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, ways, ok := strings.Cut(string(page), "## Every way in\n")
	if !ok {
		t.Fatal("the page has no chapter of the ways in")
	}
	found := 0
	for _, pattern := range []string{"internal/web/*.go", "internal/web/oidc/*.go", "internal/web/vmsapi/*.go", "internal/web/manage/*.go", "internal/web/adminapi/*.go", "api/*.go"} {
		files, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, path := range pathsIn(t, name) {
				found++
				if !isNamed(ways, path) {
					t.Errorf("%s mounts %s, which the page does not name", name, path)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d paths were found", found)
	}
}

// pathsIn lists the string literals of a file that look like paths.
func pathsIn(t *testing.T, name string) (paths []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		s, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		if m := aPath.FindStringSubmatch(s); m != nil && s != "/{$}" && s != "/{rest...}" {
			paths = append(paths, strings.TrimSuffix(m[1], "/{$}"))
		}
		return true
	})
	return paths
}

// isNamed says whether the page names a path, or for the admin socket, the
// folder that all of it is in.
func isNamed(ways, path string) bool {
	if strings.HasPrefix(path, "/protocol/") || strings.HasPrefix(path, "/realms/{realm}/") || strings.HasPrefix(path, "/events/") ||
		strings.HasPrefix(path, "/probes/") || strings.HasPrefix(path, "/master-key/") {
		return true
	}
	if rest, ok := strings.CutPrefix(path, "/debug/pprof/"); ok && rest != "" {
		path = rest
	}
	return strings.Contains(ways, path+"`") || strings.Contains(ways, path+"/`") || strings.Contains(ways, "`"+path) || strings.Contains(ways, "…"+path)
}
