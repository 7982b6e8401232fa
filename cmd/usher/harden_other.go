//go:build !linux

package main

// closeToDebuggers is Linux's alone.
func closeToDebuggers() error { return nil }
