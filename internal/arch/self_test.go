package arch

import (
	"go/ast"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFindsWhatItLooksFor feeds the habits a file that breaks them.
func TestFindsWhatItLooksFor(t *testing.T) {
	t.Parallel()
	f := parse(t, filepath.Join("testdata", "worldly.go.txt"), "sample.go")
	var uses []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if used, _ := worldly(f, n); used != "" {
			uses = append(uses, used)
		}
		return true
	})
	if diff := cmp.Diff([]string{"time.Now", "os.Getenv", "crypto/rand."}, uses); diff != "" {
		t.Errorf("uses of the outer world (-want +got):\n%s", diff)
	}
	want := []string{
		"sample.go: package variable empty is made to change",
		"sample.go: package variable guarded is made to change",
		"sample.go assigns to package variable counter",
		"sample.go assigns to package variable cache",
	}
	if diff := cmp.Diff(want, packageState(pkg{files: []file{f}})); diff != "" {
		t.Errorf("package state (-want +got):\n%s", diff)
	}
}

func TestPermits(t *testing.T) {
	t.Parallel()
	if !permits([]string{"internal/..."}, "internal/iam") || permits([]string{"internal/..."}, "client") || permits([]string{"internal/iam"}, "internal/iam/x") {
		t.Error("the meaning of a table entry has changed")
	}
}
