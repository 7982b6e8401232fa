//go:build !linux

package main

import "runtime"

// modest leaves cores to others.
func modest() { runtime.GOMAXPROCS(1) }
