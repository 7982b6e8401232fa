package realmfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// TestRealmsAreBounded: as many roles, groups and clients as a realm can have
// are taken, and one more refuses the file with the limit.
func TestRealmsAreBounded(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(format, i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for name, member := range map[string]func(n int) string{
		"roles": func(n int) string { return `"roles": {"realm": ` + many(n, `{"name": "r%d"}`) + `}` },
		"groups": func(n int) string {
			return `"groups": [{"name": "g", "subGroups": ` + many(n-1, `{"name": "g%d"}`) + `}]`
		},
		"clients": func(n int) string { return `"clients": ` + many(n, `{"clientId": "c%d", "enabled": true}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n, want := range map[int]string{realmfile.MaxEach: "", realmfile.MaxEach + 1: "10001 " + name + " are too many: a realm has at most 10000"} {
				f, err := realmfile.Open("r.json", []byte(`{"realm": "r", "enabled": true, `+member(n)+`}`))
				if err != nil {
					t.Fatal(err)
				}
				f.Parts[0].Draft()
				switch err := f.Err(); {
				case want == "" && err != nil:
					t.Errorf("%d: %v", n, err)
				case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("%d: %v, want %q", n, err, want)
				}
			}
		})
	}
}
