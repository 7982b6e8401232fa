package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// harden keeps what is in memory there: no core dump, nobody of the same user
// may trace or read the process, and what it makes is its own alone.
func harden() error {
	unix.Umask(0o077)
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	return closeToDebuggers()
}
