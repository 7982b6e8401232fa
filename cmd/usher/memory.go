package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// gcPercent lets the heap grow to five times what is alive before it is
	// collected. An idle server keeps some 5 MiB alive, so with Go's default of
	// 100 a busy one collects about fifty times a second, which took a fifth of
	// the time of a refresh (bench/load, row refresh-es256).
	gcPercent = 400
	// memoryLimit, in bytes, is where memory gets dearer than time: near it the
	// heap is collected as often as it takes. Where the control group has less,
	// it is nine tenths of that.
	memoryLimit = 512 << 20
)

// tuneMemory trades memory for time, unless the environment says otherwise by
// the variables of the Go runtime.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(min(memoryLimit, groupLimit("/proc/self/cgroup", "/sys/fs/cgroup")))
	}
}

// groupLimit is nine tenths of the least memory.max of the process's control
// group and those above it (cgroup v2); without one it is no limit.
func groupLimit(self, root string) int64 {
	least := int64(math.MaxInt64)
	text, err := os.ReadFile(self)
	if err != nil {
		return least
	}
	_, group, ok := strings.Cut("\n"+string(text), "\n0::")
	if !ok {
		return least
	}
	group, _, _ = strings.Cut(group, "\n")
	for dir := filepath.Join("/", group); ; dir = filepath.Dir(dir) {
		most, err := os.ReadFile(filepath.Join(root, dir, "memory.max"))
		if n, wrong := strconv.ParseInt(strings.TrimSpace(string(most)), 10, 64); err == nil && wrong == nil && n > 0 {
			least = min(least, n/10*9)
		}
		if dir == "/" {
			return least
		}
	}
}
