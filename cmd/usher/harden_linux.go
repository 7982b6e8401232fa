package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// closeToDebuggers gives /proc entries of the process to root alone and refuses
// ptrace of the same user (prctl(2), PR_SET_DUMPABLE).
func closeToDebuggers() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("closing the process to debuggers: %w", err)
	}
	return nil
}
