package recovery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// ErrPlace says that an archive cannot be written where it was asked for.
var ErrPlace = errors.New("the backup cannot be written there")

// Options say what to copy to where.
type Options struct {
	Data      string // the data folder
	MasterKey []byte
	// File is the archive to make; it must not exist.
	File string
	// Passphrase encrypts a copy of the master key into the archive; "" leaves
	// the key out.
	Passphrase string
	// Work is the cost of a guess at the passphrase; 0: backup.WorkFactor.
	Work    int
	Version string // of this release
	Now     time.Time
}

// Backup copies the database of a data folder, as of one moment, looks at every
// row of the copy, and packs it. It takes no lock and changes nothing, so a
// server may run. A file that is there afterwards is whole.
func Backup(ctx context.Context, o Options) (m backup.Manifest, err error) {
	if _, err := os.Lstat(o.File); !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s: %w", o.File, fs.ErrExist)
	}
	work, err := os.MkdirTemp(filepath.Dir(o.File), ".usher-backup-")
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m.Version, m.MadeAt = o.Version, o.Now.UTC()
	db := filepath.Join(work, sqlite.File)
	if err := paced(db, func() error { return sqlite.Backup(ctx, o.Data, db) }); err != nil {
		return m, err
	}
	if err := lookBeside(ctx, work, o.MasterKey, &m); err != nil {
		return m, err
	}
	var key []byte
	if o.Passphrase != "" {
		if key, err = backup.SealKey(secret.FormatMasterKey(o.MasterKey), o.Passphrase, cmp.Or(o.Work, backup.WorkFactor)); err != nil {
			return m, err
		}
	}
	packed := filepath.Join(work, "archive")
	if err := paced(packed, func() error { return pack(packed, db, &m, key) }); err != nil {
		return m, err
	}
	m.Format, m.WithKey = backup.Format, key != nil
	return m, publish(packed, o.File)
}

// pack writes the archive, on disk when it returns.
func pack(path, db string, m *backup.Manifest, key []byte) (err error) {
	in, err := os.Open(db)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if m.Size, err = io.Copy(sum, in); err != nil {
		return err
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := backup.Write(out, *m, in, key); err != nil {
		return err
	}
	return out.Sync()
}
