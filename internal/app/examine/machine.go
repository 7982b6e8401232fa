package examine

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-a6a28e10/usher/internal/doctor"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// machine looks at settings, files, disk, clock and the time of a hash.
func machine(ctx context.Context, o Options) doctor.Machine {
	m := doctor.Machine{UID: os.Getuid(), Files: files(o), ClockSynced: clockSynced()}
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
	wanted := map[string]fs.FileMode{o.Config.Data: 0o700}
	entries, _ := os.ReadDir(o.Config.Data) // not there: nothing to look at
	for _, e := range entries {
		wanted[filepath.Join(o.Config.Data, e.Name())] = 0o700
	}
	for _, key := range []string{o.Config.MasterKeyFile, o.Config.TLSKeyFile} {
		if credentials := os.Getenv("CREDENTIALS_DIRECTORY"); key != "" && (credentials == "" || filepath.Dir(key) != filepath.Clean(credentials)) {
			wanted[key] = 0o640
		}
	}
	if o.Config.MasterKeyFile != "" {
		wanted[o.Config.MasterKeyFile] = 0o600
	}
	var out []doctor.File
	for path, widest := range wanted {
		info, err := os.Stat(path)
		if err != nil {
			continue // what is missing is a problem of the settings
		}
		f := doctor.File{Path: path, Mode: info.Mode(), UID: os.Getuid(), Widest: widest}
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			f.UID = int(s.Uid)
		}
		out = append(out, f)
	}
	return out
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
