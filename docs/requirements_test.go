package docs

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write requirements.md anew")

const requirementsFile = "requirements.md"

// TestRequirements holds requirements.md to the list in requirements.txt and to
// the tests that are named after its ids; -update writes it anew.
func TestRequirements(t *testing.T) {
	t.Parallel()
	list := requirements(t)
	known := map[string]*requirement{}
	for i := range list {
		known[list[i].id] = &list[i]
	}
	for _, p := range proofs(t) {
		r := known[p.id]
		if r == nil {
			t.Errorf("%s proves %s, which is no requirement", p.name, p.id)
			continue
		}
		if p.clause != r.clause {
			t.Errorf("%s: the comment must begin with %q", p.name, r.id+" ("+r.clause+"): ")
		}
		if !p.asserts {
			t.Errorf("%s asserts nothing itself", p.name)
		}
		r.proofs = append(r.proofs, p)
	}
	for i := range list {
		list[i].check(t)
	}
	page := render(list)
	if *update {
		if err := os.WriteFile(requirementsFile, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(requirementsFile)
	if err != nil || string(old) != string(page) {
		t.Errorf("%s is not what the tests say (%v): go test ./docs -run TestRequirements -update", requirementsFile, err)
	}
}

// requirement is a line of the list with the tests that prove it.
type requirement struct {
	id, mark, clause, state, statement string
	proofs                             []proof
}

// proof is a test named after a requirement.
type proof struct {
	id, name, clause, statement string
	asserts                     bool
}

var (
	stateKind = regexp.MustCompile(`^(otherwise|part|waits|by): .+`)
	testName  = regexp.MustCompile(`^Test([A-NRT]{1,2}[0-9]+)_[A-Z]`)
	statement = regexp.MustCompile(`(?s)^([A-NRT]{1,2}[0-9]+) \(([^)]+)\): (.+)`)
	idParts   = regexp.MustCompile(`^([A-Z]+)([0-9]+)$`)
)

func requirements(t *testing.T) []requirement {
	t.Helper()
	text, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []requirement
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 5 {
			t.Fatalf("line %d has not five parts: %s", n+1, line)
		}
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		r := requirement{f[0], f[1], f[2], f[3], f[4], nil}
		if !idParts.MatchString(r.id) || !strings.Contains("MSL", r.mark) || r.clause == "" || r.state != "" && !stateKind.MatchString(r.state) {
			t.Errorf("line %d cannot be read: %s", n+1, line)
		}
		list = append(list, r)
	}
	if len(list) < 120 {
		t.Fatalf("only %d requirements", len(list))
	}
	return list
}

func (r *requirement) kind() string {
	kind, _, _ := strings.Cut(r.state, ":")
	return kind
}

func (r *requirement) check(t *testing.T) {
	t.Helper()
	slices.SortFunc(r.proofs, func(a, b proof) int { return cmp.Compare(a.name, b.name) })
	switch kind := r.kind(); {
	case len(r.proofs) == 0 && r.mark == "M" && kind != "waits" && kind != "by":
		t.Errorf("no test is named after %s (%s), and the list does not say what it waits for", r.id, r.clause)
	case len(r.proofs) == 0 && r.statement == "":
		t.Errorf("nobody says what %s is about", r.id)
	case len(r.proofs) > 0 && r.statement != "" && kind != "waits" && kind != "by":
		t.Errorf("%s is stated by its tests; the list needs no statement", r.id)
	}
}

// proofs reads all test sources, those of other modules too.
func proofs(t *testing.T) []proof {
	t.Helper()
	var all []proof
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "node_modules" || len(name) > 2 && name[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				if p, ok := proofOf(fn, filepath.ToSlash(dir)); ok {
					all = append(all, p)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func proofOf(fn *ast.FuncDecl, dir string) (proof, bool) {
	m := testName.FindStringSubmatch(fn.Name.Name)
	if m == nil {
		return proof{}, false
	}
	s := statement.FindStringSubmatch(fn.Doc.Text())
	if s == nil || s[1] != m[1] {
		return proof{}, false // named after something else that is numbered, such as a fault
	}
	first, _, _ := strings.Cut(s[3], "\n\n")
	return proof{
		id: m[1], name: dir + "." + fn.Name.Name, asserts: asserts(fn),
		clause: strings.Join(strings.Fields(s[2]), " "), statement: strings.Join(strings.Fields(first), " "),
	}, true
}

// asserts says whether a test can fail by its own words.
func asserts(fn *ast.FuncDecl) (found bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			switch sel.Sel.Name {
			case "Error", "Errorf", "Fatal", "Fatalf":
				found = true
			}
		}
		return !found
	})
	return found
}

var titles = map[string]string{
	"A": "OAuth 2.0", "B": "Bearer tokens", "C": "Revocation and introspection", "D": "PKCE", "E": "Metadata", "F": "JOSE",
	"G": "OpenID Connect", "H": "Current practice", "I": "Later protocols", "J": "OWASP ASVS 5.0", "K": "Password storage",
	"L": "Sessions", "N": "Passwords and guessing", "RT": "Refresh-token rotation",
}

func render(list []requirement) []byte {
	var b strings.Builder
	b.WriteString("# Requirements and their tests\n\n")
	b.WriteString("Made of [requirements.txt](requirements.txt) and of the comments of the tests that bear the ids in their names, by\n")
	b.WriteString("`go test ./docs -run TestRequirements -update`; the same test without `-update` fails when they differ, and when a\nrequirement that must hold has neither a test nor a reason to wait.\n\n")
	b.WriteString(summary(list))
	group := ""
	for _, r := range list {
		if g := idParts.FindStringSubmatch(r.id)[1]; g != group {
			group = g
			fmt.Fprintf(&b, "\n## %s\n\n| id | clause | statement | test | state |\n|---|---|---|---|---|\n", titles[g])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.clause, r.says(), r.names(), r.stands())
	}
	return []byte(b.String())
}

func summary(list []requirement) string {
	count := map[string]int{}
	for _, r := range list {
		kind := r.kind()
		if kind == "" {
			kind = "tested"
		}
		count[kind]++
	}
	n := func(kind string) string { return strconv.Itoa(count[kind]) }
	return "Of " + strconv.Itoa(len(list)) + ": " + n("tested") + " tested, " + n("otherwise") + " decided otherwise and tested so, " +
		n("part") + " tested in part, " + n("by") + " covered by others, " + n("waits") + " waiting.\n"
}

func (r *requirement) says() string {
	said := make([]string, 0, len(r.proofs)+1)
	if r.statement != "" {
		said = append(said, r.statement)
	}
	for _, p := range r.proofs {
		said = append(said, p.statement)
	}
	return strings.ReplaceAll(strings.Join(said, "<br>"), "|", `\|`)
}

func (r *requirement) names() string {
	names := make([]string, len(r.proofs))
	for i, p := range r.proofs {
		names[i] = "`" + p.name + "`"
	}
	return strings.Join(names, "<br>")
}

func (r *requirement) stands() string {
	kind, what, _ := strings.Cut(r.state, ": ")
	switch kind {
	case "otherwise":
		return "tested; decided otherwise: " + what
	case "part":
		return "tested in part: " + what
	case "waits":
		return "waits for " + what
	case "by":
		return "covered by " + what
	default:
		return "tested"
	}
}
