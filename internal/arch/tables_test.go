package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var codeSpan = regexp.MustCompile("`([^`]+)`")

// TestEveryPackageStandsInTheTable of the architecture: whoever looks for a
// package finds there what it holds.
func TestEveryPackageStandsInTheTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
			named[m[1]], named["internal/"+m[1]] = true, true
		}
	}
	for _, p := range packages(t) {
		if !named[p.path] && p.path != "." {
			t.Errorf("docs/architecture.md names no %s in its table of packages", p.path)
		}
	}
}
