package sqlite

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// disk is a layer between SQLite and the file system that can fail as a disk
// does. It wraps the default one: same files, same locks.
type disk struct {
	name string

	mu      sync.Mutex
	onSync  func(kind string) int32 // nil: succeed
	onWrite func(kind string) int32
	syncs   atomic.Int64 // attempts
	writes  atomic.Int64 // that reached the file system

	base  *sqlite3.Tsqlite3_vfs
	alive []any // functions that only SQLite's memory points to
}

type (
	vfsOpen   = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	fileWrite = func(tls *libc.TLS, file, buf uintptr, n int32, at sqlite3.Tsqlite3_int64) int32
	fileSync  = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// newDisk registers a disk. It stays registered: after a failed sync its files
// are never closed.
func newDisk(t *testing.T) *disk {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	d := &disk{}
	d.name = fmt.Sprintf("disk-%p", d)
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	d.base = (*sqlite3.Tsqlite3_vfs)(pointer(base))

	memory := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	vfs := (*sqlite3.Tsqlite3_vfs)(pointer(memory))
	*vfs = *d.base
	name, err := libc.CString(d.name)
	if err != nil {
		t.Fatal(err)
	}
	vfs.FzName = name
	vfs.FxOpen = address(d, vfsOpen(d.open))
	if rc := sqlite3.Xsqlite3_vfs_register(tls, memory, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("registering a file system: %d", rc)
	}
	disks.Store(d, true)
	return d
}

// disks keeps every disk from being collected while SQLite's memory alone
// points to it.
var disks sync.Map

func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// address is what C memory holds for a function.
func address[F any](d *disk, f F) uintptr {
	d.alive = append(d.alive, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

// function is what address made.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

func (d *disk) open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[vfsOpen](d.base.FxOpen)(tls, vfs, name, file, flags, out)
	f := (*sqlite3.Tsqlite3_file)(pointer(file))
	if rc != sqlite3.SQLITE_OK || f.FpMethods == 0 {
		return rc
	}
	kind := "other"
	switch {
	case flags&sqlite3.SQLITE_OPEN_MAIN_DB != 0:
		kind = "db"
	case flags&sqlite3.SQLITE_OPEN_WAL != 0:
		kind = "wal"
	}
	plain := (*sqlite3.Tsqlite3_io_methods)(pointer(f.FpMethods))
	memory := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*plain)))
	methods := (*sqlite3.Tsqlite3_io_methods)(pointer(memory))
	*methods = *plain
	d.mu.Lock()
	defer d.mu.Unlock()
	methods.FxWrite = address(d, fileWrite(func(tls *libc.TLS, file, buf uintptr, n int32, at sqlite3.Tsqlite3_int64) int32 {
		if rc := d.ask(&d.onWrite, kind); rc != sqlite3.SQLITE_OK {
			return rc
		}
		d.writes.Add(1)
		return function[fileWrite](plain.FxWrite)(tls, file, buf, n, at)
	}))
	methods.FxSync = address(d, fileSync(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		d.syncs.Add(1)
		if rc := d.ask(&d.onSync, kind); rc != sqlite3.SQLITE_OK {
			return rc
		}
		return function[fileSync](plain.FxSync)(tls, file, flags)
	}))
	f.FpMethods = memory
	return rc
}

func (d *disk) ask(what *func(string) int32, kind string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *what == nil {
		return sqlite3.SQLITE_OK
	}
	return (*what)(kind)
}

func (d *disk) set(what *func(string) int32, f func(kind string) int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*what = f
}

// nth fails the n-th operation on files of the kind ("" any) with rc, once.
func nth(n int, kind string, rc int32) func(string) int32 {
	return func(k string) int32 {
		if kind != "" && k != kind {
			return sqlite3.SQLITE_OK
		}
		if n--; n == 0 {
			return rc
		}
		return sqlite3.SQLITE_OK
	}
}
