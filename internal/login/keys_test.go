package login

import (
	"maps"
	"slices"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// TestFailureKeysNameEveryRow: those of the user, and those of the name and the
// address from the time when nobody had them.
func TestFailureKeysNameEveryRow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, name := range []string{" Berta ", "BERTA@example.com", "anna"} {
			b.wrongTimes(t, name, 1)
		}
		berta := user("berta")
		b.store.set(berta)
		b.wrongTimes(t, "berta", 1)
		anna := b.store.user("anna")
		keys := slices.Concat(b.FailureKeys("realm", &berta), b.FailureKeys("realm", &anna))
		for _, key := range slices.Sorted(maps.Keys(b.store.allRows())) {
			if !slices.Contains(keys, key) {
				t.Errorf("the row %q is nobody's", key)
			}
		}
		if n := len(b.store.allRows()); n != 4 {
			t.Errorf("%d rows, want 4", n)
		}
		if slices.Contains(b.FailureKeys("elsewhere", &berta), b.FailureKeys("realm", &berta)[1]) {
			t.Error("a name has one key in two realms")
		}
		if n := len(b.FailureKeys("realm", &iam.User{ID: "x", Username: "x"})); n != 2 {
			t.Errorf("%d keys without an address", n)
		}
	})
}
