package nearest_test

import (
	"testing"

	"github.com/seed-a6a28e10/usher/internal/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit int
		known []string
		want  string
	}{
		{"listem", 2, []string{"data", "listen"}, "listen"},
		{"lisem", 1, []string{"listen"}, ""},
		{"lisem", 2, []string{"listen"}, "listen"},
		{"ab", 1, []string{"ac", "aa", "ad"}, "aa"},
		{"", 1, []string{"", "a"}, ""},
		{"x", 3, nil, ""},
	} {
		if got := nearest.Name(tt.name, tt.limit, tt.known); got != tt.want {
			t.Errorf("%q within %d of %q: %q, want %q", tt.name, tt.limit, tt.known, got, tt.want)
		}
	}
}
