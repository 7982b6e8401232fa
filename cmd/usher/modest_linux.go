package main

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// patient is the priority of a process that is in no hurry (setpriority(2)).
const patient = 15

// modest leaves the machine to others, such as the server that is being copied:
// one core at most, and that when nobody else wants it. Threads made later
// inherit it. What the kernel does not allow is done without.
func modest() {
	runtime.GOMAXPROCS(1)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, patient) // it may have ended
		}
	}
}
