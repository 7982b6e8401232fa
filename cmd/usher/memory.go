package main

import (
	"os"
	"runtime/debug"
)

const (
	// gcPercent lets the heap grow to five times what is alive before it is
	// collected. An idle server keeps some 5 MiB alive, so with Go's default of
	// 100 a busy one collects about fifty times a second, which took a fifth of
	// the time of a refresh (bench/load, row refresh-es256).
	gcPercent = 400
	// memoryLimit, in bytes, is where memory gets dearer than time: near it the
	// heap is collected as often as it takes.
	memoryLimit = 512 << 20
)

// tuneMemory trades memory for time, unless the environment says otherwise by
// the variables of the Go runtime.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
