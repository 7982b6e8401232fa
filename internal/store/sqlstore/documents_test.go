package sqlstore

import (
	"fmt"
	"testing"
)

func TestDocumentsAreRememberedByTheirTextAndBounded(t *testing.T) {
	t.Parallel()
	d := newDocuments()
	for i := range 2*maxDocuments + 1 {
		name := fmt.Sprintf("user%d", i)
		for range 2 { // decoded, then remembered
			u, err := d.user("id", fmt.Sprintf(`{"username":%q}`, name))
			if err != nil || u.Username != name {
				t.Fatalf("user %q, %v; want %q", u.Username, err, name)
			}
		}
	}
	if n := len(d.users); n > maxDocuments {
		t.Errorf("%d documents remembered, want at most %d", n, maxDocuments)
	}
	for range 2 {
		if _, err := d.user("id", `{`); err == nil {
			t.Error("a broken document was read")
		}
	}
}
