package recovery

import (
	"os"

	"golang.org/x/sys/unix"
)

// push lets the kernel begin to write what it holds of a file. Left to the end
// of a large file, its sync would hold up those of a server on the same disk.
func push(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) // the sync at the end decides
}
