package examine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-a6a28e10/usher/internal/doctor"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	engine "modernc.org/sqlite/lib"
)

// unreadable explains why a database was not opened.
func unreadable(o Options, err error) doctor.Store {
	if gone := missing(o.Config.Data); gone != nil {
		return *gone
	}
	return doctor.Store{Unreadable: err, Trouble: kind(err, o)}
}

// missing is for a folder without a database, or none that can be seen; nil
// where there is one.
func missing(data string) *doctor.Store {
	info, err := os.Stat(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &doctor.Store{Unreadable: fmt.Errorf("there is no folder %s", data), Trouble: doctor.FolderMissing}
	case err == nil && !info.IsDir():
		return &doctor.Store{Unreadable: fmt.Errorf("%s is not a folder", data), Trouble: doctor.FolderMissing}
	}
	info, err = os.Stat(filepath.Join(data, sqlite.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &doctor.Store{Unreadable: fmt.Errorf("%s holds no database", data), Trouble: doctor.NoDatabase}
	case err == nil && info.Size() == 0:
		return &doctor.Store{Unreadable: fmt.Errorf("%s/%s is empty", data, sqlite.File), Trouble: doctor.ForeignFile}
	}
	return nil
}

// kind is of which kind an error is. SQLite's codes tell a disk from a file.
func kind(err error, o Options) doctor.Trouble {
	var coded interface{ Code() int }
	code := 0
	if errors.As(err, &coded) {
		code = coded.Code() & 0xff
	}
	switch {
	case errors.Is(err, fs.ErrPermission), code == engine.SQLITE_PERM:
		return doctor.NotPermitted
	case o.MasterKey == nil && o.Config.Hidden("master_key_file") != "":
		return doctor.KeyHidden
	case o.MasterKey == nil:
		return doctor.NoKey
	case errors.Is(err, secret.ErrSealed):
		return doctor.OtherKey
	case errors.Is(err, sqlite.ErrOlder):
		return doctor.OlderRelease
	case errors.Is(err, sqlite.ErrNewer):
		return doctor.NewerRelease
	case errors.Is(err, sqlite.ErrForeign), code == engine.SQLITE_NOTADB, code == engine.SQLITE_CORRUPT:
		return doctor.ForeignFile
	case errors.Is(err, syscall.ENOSPC), code == engine.SQLITE_FULL:
		return doctor.FilledUp
	case errors.Is(err, syscall.EIO), code == engine.SQLITE_IOERR:
		return doctor.DiskUnusable
	}
	return doctor.Unexplained
}
