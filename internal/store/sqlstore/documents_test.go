package sqlstore

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func TestDocumentsAreRememberedByTheirTextAndBounded(t *testing.T) {
	t.Parallel()
	d := newDocuments(newSums(nil, nil))
	for i := range 2*maxDocuments + 1 {
		name := fmt.Sprintf("user%d", i)
		doc := fmt.Sprintf(`{"username":%q}`, name)
		for range 2 { // decoded, then remembered
			u, err := d.user("id", "realm", doc, true, 7, d.sums.user("id", "realm", true, 7, doc))
			if err != nil || u.Username != name || u.ID != "id" || u.RealmID != "realm" || !u.Enabled || u.Epoch != 7 {
				t.Fatalf("user %+v, %v; want %q", u, err, name)
			}
		}
	}
	if n := len(d.users); n > maxDocuments {
		t.Errorf("%d documents remembered, want at most %d", n, maxDocuments)
	}
	for range 2 {
		if _, err := d.user("id", "realm", `{`, true, 7, d.sums.user("id", "realm", true, 7, `{`)); err == nil {
			t.Error("a broken document was read")
		}
	}
}

func TestRememberedDocumentsDoNotVouchForOtherRows(t *testing.T) {
	t.Parallel()
	const doc = `{"username":"anna"}`
	d := newDocuments(newSums(nil, nil))
	sum := d.sums.user("id", "realm", true, 7, doc)
	if _, err := d.user("id", "realm", doc, true, 7, sum); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		id, realm  string
		enabled    bool
		epoch, sum int64
	}{
		"id": {"other", "realm", true, 7, sum}, "realm": {"id", "other", true, 7, sum},
		"enabled": {"id", "realm", false, 7, sum}, "epoch": {"id", "realm", true, 8, sum}, "sum": {"id", "realm", true, 7, sum ^ 1},
	} {
		if _, err := d.user(c.id, c.realm, doc, c.enabled, c.epoch, c.sum); !errors.Is(err, iam.ErrDamaged) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}
