package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

var (
	// ErrOccupied: the data folder has a database already, or a part of one.
	ErrOccupied = errors.New("there is a database already")
	// ErrNoKey: the archive holds no master key, and none was named.
	ErrNoKey = errors.New("the backup holds no master key")
	// ErrClock: this machine's clock is behind that of the backup. Whatever
	// ends sessions by the time would not end them.
	ErrClock = errors.New("the clock of this machine is behind the backup")
)

// unfinished begins the name of a folder in which a database is restored.
const unfinished = ".restore-"

// Verify reads an archive to its end and, with a master key or the passphrase of
// the one inside, looks at every row of its database; without either it compares
// sums alone, and looked is false. temporary is where the database is unpacked.
func Verify(ctx context.Context, file string, masterKey []byte, passphrase, temporary string) (m backup.Manifest, looked bool, err error) {
	work, err := os.MkdirTemp(temporary, "usher-verify-")
	if err != nil {
		return m, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m, sealed, err := unpack(file, filepath.Join(work, sqlite.File))
	if err != nil {
		return m, false, err
	}
	if passphrase != "" {
		if masterKey, err = openKey(sealed, passphrase); err != nil {
			return m, false, err
		}
	}
	if masterKey == nil {
		return m, false, nil
	}
	db, err := open(ctx, work, masterKey, m, time.Now, nil)
	if err != nil {
		return m, false, err
	}
	return m, true, db.Close()
}

// Peek is what an archive says of itself; nothing of it is checked.
func Peek(file string) (m backup.Manifest, err error) {
	in, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return backup.ReadManifest(in)
}

// RestoreOptions say what to bring back to where.
type RestoreOptions struct {
	File string
	Data string // must not hold a database
	// MasterKey is the key the archive was made under; nil takes the one in it,
	// which Passphrase opens and KeepKey puts where a server will find it.
	MasterKey  []byte
	Passphrase string
	KeepKey    func(key []byte) error
	// KeepSessions brings sessions back to life, also those that were ended
	// after the backup was made.
	KeepSessions bool
	// KeepKeys leaves signing and HMAC keys as they were in the backup, also one
	// that got out and was replaced since. KeepSessions implies it: the refresh
	// tokens of a session need the key they were made with.
	KeepKeys bool
	Clock    Clock
	Log      *slog.Logger // of the store; nil discards
}

// Clock is the time, and a way to wait for it.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Restore brings a backup back. Unless KeepSessions is set every session ends,
// every realm's not-before becomes the present, and unless KeepKeys is, every
// realm signs with new keys alone: nothing that was revoked since the backup is
// good again. What was restored is in Data only when all of it is.
func Restore(ctx context.Context, o RestoreOptions) (m backup.Manifest, err error) {
	if err := vacant(o.Data); err != nil {
		return m, err
	}
	made := missing(o.Data)
	free, err := sqlite.LockFolder(o.Data)
	if err != nil {
		return m, err
	}
	defer free()
	defer func() {
		if err != nil {
			unmake(made)
		}
	}()
	if err := errors.Join(vacant(o.Data), sweep(o.Data)); err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(o.Data, unfinished)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m, sealed, err := unpack(o.File, filepath.Join(work, sqlite.File))
	if err != nil {
		return m, err
	}
	key, err := o.key(sealed)
	if err != nil {
		return m, err
	}
	if err := o.settle(ctx, work, key, m); err != nil {
		return m, err
	}
	if err := oneFile(work); err != nil {
		return m, err
	}
	if o.MasterKey == nil {
		if err := o.KeepKey(key); err != nil {
			return m, err
		}
	}
	return m, publish(filepath.Join(work, sqlite.File), filepath.Join(o.Data, sqlite.File))
}

// key is the master key: the given one, or that of the archive.
func (o RestoreOptions) key(sealed []byte) ([]byte, error) {
	if o.MasterKey != nil {
		return o.MasterKey, nil
	}
	return openKey(sealed, o.Passphrase)
}

// settle opens the restored database as a server would, ends what it brought
// back, and closes it, so that one file holds everything.
func (o RestoreOptions) settle(ctx context.Context, dir string, key []byte, m backup.Manifest) (err error) {
	db, err := open(ctx, dir, key, m, o.Clock.Now, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if o.KeepSessions {
		return nil
	}
	now := o.Clock.Now()
	if now.Before(m.MadeAt.Truncate(time.Second)) {
		return fmt.Errorf("%w: it was made at %s, and here it is %s", ErrClock, m.MadeAt.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if !o.KeepKeys {
		if err := renew(ctx, db, key, now); err != nil {
			return err
		}
	}
	// Tokens have whole seconds. Those of the present one may be revoked ones
	// too, so it must be over before anybody logs in.
	notBefore := o.Clock.Now().Unix() + 1
	ev := iam.Event{ID: secret.NewID(), At: now.UnixMilli(), Type: iam.EventRestored}
	if err := db.EndEverything(ctx, notBefore, &ev); err != nil {
		return err
	}
	return o.Clock.Sleep(ctx, time.Unix(notBefore, 0).Sub(o.Clock.Now()))
}

// unpack writes the database of an archive to path, on disk when it returns.
func unpack(file, path string) (m backup.Manifest, sealed []byte, err error) {
	in, err := os.Open(file)
	if err != nil {
		return m, nil, err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, nil, err
	}
	m, sealed, err = backup.Read(in, out)
	if err != nil {
		return m, nil, errors.Join(err, out.Close())
	}
	return m, sealed, errors.Join(out.Sync(), out.Close())
}

// openKey opens the master key of an archive.
func openKey(sealed []byte, passphrase string) ([]byte, error) {
	if sealed == nil {
		return nil, ErrNoKey
	}
	text, err := backup.OpenKey(sealed, passphrase)
	if err != nil {
		return nil, err
	}
	return secret.ParseMasterKey(text)
}
