package examine

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-a6a28e10/usher/internal/doctor"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// machine looks at settings, files, disk, clock and the time of a hash.
func machine(ctx context.Context, o Options) doctor.Machine {
	m := doctor.Machine{Settings: o.Settings, Management: openTo(o.Config.ManagementListen), Files: files(o),
		Owner: os.Geteuid(), Me: os.Geteuid(), ClockSynced: clockSynced()}
	switch info, err := os.Stat(o.Config.Data); {
	case err == nil:
		m.Owner = owner(info)
	case errors.Is(err, fs.ErrPermission):
		m.Owner = -1
	}
	for _, name := range []string{"tls_cert_file", "tls_key_file", "master_key_file", "realm_file"} {
		if o.Config.Hidden(name) != "" {
			m.Hidden = append(m.Hidden, name)
		}
	}
	for _, p := range o.Problems {
		m.Problems = append(m.Problems, doctor.Problem{Setting: p.Setting, Text: p.Text, Fix: p.Fix})
	}
	var disk unix.Statfs_t
	if unix.Statfs(o.Config.Data, &disk) == nil {
		m.FreeBytes, m.TotalBytes = disk.Bavail*uint64(disk.Bsize), disk.Blocks*uint64(disk.Bsize)
	}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(o.Config.Data, sqlite.File+suffix)); err == nil {
			m.DatabaseBytes += uint64(info.Size())
		}
	}
	m.Hash, m.Slots = timeHash(ctx), max(1, runtime.GOMAXPROCS(0)-1)
	return m
}

// files are those that nobody else may read: the data folder with what is in
// it, and the keys. A key that the service manager hands over is its to guard.
func files(o Options) []doctor.File {
	list := []doctor.File{{Path: o.Config.Data, Widest: 0o700}}
	entries, _ := os.ReadDir(o.Config.Data) // not there: nothing to look at
	for _, e := range entries {
		list = append(list, doctor.File{Path: filepath.Join(o.Config.Data, e.Name()), Widest: 0o700})
	}
	list = append(list, doctor.File{Path: o.Config.MasterKeyFile, Widest: 0o600, Outside: true}, doctor.File{Path: o.Config.TLSKeyFile, Widest: 0o640, Outside: true})
	var there []doctor.File
	for _, f := range list {
		if credentials := o.Config.Credentials; f.Path != "" && (credentials == "" || filepath.Dir(f.Path) != filepath.Clean(credentials)) && look(&f) {
			there = append(there, f)
		}
	}
	return there
}

// look adds what the file system says; false where it says nothing: what is
// missing is a problem of the settings or of the database.
func look(f *doctor.File) bool {
	info, err := os.Stat(f.Path)
	if err != nil {
		return false
	}
	f.Mode, f.UID = info.Mode(), owner(info)
	return true
}

func owner(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return os.Geteuid()
}

// timeHash is the quickest of a few hashes: what the machine can do, not what
// else it was doing.
func timeHash(ctx context.Context) time.Duration {
	hasher := secret.NewHasher()
	best := time.Duration(0)
	for range 5 {
		if ctx.Err() != nil {
			return 0
		}
		begun := time.Now()
		hasher.Dummy("a password of some length")
		if took := time.Since(begun); best == 0 || took < best {
			best = took
		}
	}
	return best
}

// openTo is a listener's address where others than this machine can reach it.
func openTo(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || strings.EqualFold(host, "localhost") {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsPrivate()) {
		return ""
	}
	return listen
}
