package main

import (
	"math"
	"path/filepath"
	"testing"
)

// TestGroupLimit is nine tenths of the least limit on the way up, and none
// where nobody set one.
func TestGroupLimit(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	self := write(t, filepath.Join(root, "self"), "1:name=systemd:/old\n0::/system.slice/usher.service\n")
	limit := func(group, most string) { write(t, filepath.Join(root, group, "memory.max"), most+"\n") }
	for _, step := range []struct {
		group, most string
		want        int64
	}{
		{"system.slice/usher.service", "max", math.MaxInt64},
		{"system.slice", "200000000", 180000000},
		{"system.slice/usher.service", "100000000", 90000000},
		{"", "50000000", 45000000},
	} {
		limit(step.group, step.most)
		if got := groupLimit(self, root); got != step.want {
			t.Errorf("%s %s: %d, want %d", step.group, step.most, got, step.want)
		}
	}
	if got := groupLimit(filepath.Join(root, "none"), root); got != math.MaxInt64 {
		t.Errorf("without groups: %d", got)
	}
	if got := groupLimit(write(t, filepath.Join(root, "v1"), "1:memory:/old\n"), root); got != math.MaxInt64 {
		t.Errorf("without cgroup v2: %d", got)
	}
}
