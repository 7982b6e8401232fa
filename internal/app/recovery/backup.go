package recovery

import (
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

// ErrDamaged says that a copy does not hold what it should: it is not kept.
var ErrDamaged = errors.New("the copy is damaged")

// Options say what to copy to where.
type Options struct {
	Data      string // the data folder
	MasterKey []byte
	// File is the archive to make; it must not exist.
	File string
	// Passphrase encrypts a copy of the master key into the archive; "" leaves
	// the key out.
	Passphrase string
	Version    string // of this release
	Now        time.Time
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
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m.Version, m.MadeAt = o.Version, o.Now.UTC()
	db := filepath.Join(work, sqlite.File)
	if err := sqlite.Backup(ctx, o.Data, db); err != nil {
		return m, err
	}
	if err := look(ctx, work, o.MasterKey, &m); err != nil {
		return m, err
	}
	var key []byte
	if o.Passphrase != "" {
		if key, err = backup.SealKey(secret.FormatMasterKey(o.MasterKey), o.Passphrase); err != nil {
			return m, err
		}
	}
	packed := filepath.Join(work, "archive")
	if err := pack(packed, db, &m, key); err != nil {
		return m, err
	}
	m.Format, m.WithKey = backup.Format, key != nil
	// A link, unlike a rename, replaces nothing that came meanwhile.
	if err := os.Link(packed, o.File); err != nil {
		return m, err
	}
	return m, syncFolder(filepath.Dir(o.File))
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

// look opens the database in a folder, looks at every row, and counts what the
// manifest names.
func look(ctx context.Context, dir string, masterKey []byte, m *backup.Manifest) (err error) {
	db, err := inspect(ctx, dir, masterKey)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := db.Check(ctx)
	if err != nil {
		return err
	}
	if n := len(found.Damaged) + len(found.Broken); n > 0 {
		return fmt.Errorf("%w: %d findings, the first: %s", ErrDamaged, n, found.First())
	}
	rows, err := db.LoadConfig(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows.Realms {
		users, err := db.CountUsers(ctx, r.ID)
		if err != nil {
			return err
		}
		sessions, err := db.CountSessions(ctx, r.ID)
		if err != nil {
			return err
		}
		m.Realms = append(m.Realms, r.Name)
		m.Users += int64(users)
		m.Sessions += int64(sessions)
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
