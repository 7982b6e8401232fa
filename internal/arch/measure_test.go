package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// TestMeasures prints what the house has grown to; it fails on nothing. Run it
// with -v, as CI does. Wished for: at most 15 interfaces with at most 7 methods
// each, nine functions in ten under 45 lines, none over 120.
func TestMeasures(t *testing.T) {
	t.Parallel()
	var lines []int
	var interfaces, methods, variables, longest int
	var largest, longestIn string
	all := packages(t)
	for _, p := range all {
		for _, f := range p.files {
			variables += len(packageVars(f))
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					if i, ok := n.Type.(*ast.InterfaceType); ok {
						interfaces++
						if i.Methods.NumFields() > methods {
							methods, largest = i.Methods.NumFields(), p.path+"."+n.Name.Name
						}
					}
				case *ast.FuncDecl:
					long := f.line(n.End()) - f.line(n.Pos()) + 1
					lines = append(lines, long)
					if long > longest {
						longest, longestIn = long, p.path+"."+n.Name.Name
					}
				}
				return true
			})
		}
	}
	slices.Sort(lines)
	t.Logf("%d packages, %d functions (median %d lines, p90 %d, longest %d: %s)",
		len(all), len(lines), lines[len(lines)/2], lines[len(lines)*9/10], longest, longestIn)
	t.Logf("%d interfaces (largest %d methods: %s), %d package variables", interfaces, methods, largest, variables)
}

func (f file) line(p token.Pos) int { return f.fset.Position(p).Line }
