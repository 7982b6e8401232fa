package arch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryDependencyHasItsReason compares what is required directly with
// docs/dependencies.md.
func TestEveryDependencyHasItsReason(t *testing.T) {
	t.Parallel()
	page := read(t, "docs", "dependencies.md")
	names := append(required(read(t, "go.mod")), required(read(t, "interop", "go.mod"))...)
	var npm struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal([]byte(read(t, "interop", "npm", "package.json")), &npm); err != nil {
		t.Fatal(err)
	}
	for name := range npm.Dependencies {
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/dependencies.md does not say why there is %s", name)
		}
	}
}

// TestLockFileNamesNoRegistry keeps the address that one machine happened to
// use out of the lock file.
func TestLockFileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	if strings.Contains(read(t, "interop", "npm", "package-lock.json"), `"resolved"`) {
		t.Error("package-lock.json says where packages came from; set omit-lockfile-registry-resolved and write it again")
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// required lists the modules a go.mod requires directly.
func required(mod string) []string {
	var out []string
	for line := range strings.Lines(mod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && strings.HasPrefix(f[1], "v") && !strings.Contains(line, "// indirect") && strings.Contains(f[0], ".") {
			out = append(out, f[0])
		}
	}
	return out
}
