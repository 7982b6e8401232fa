package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// ErrDamaged says that a copy does not hold what it should: it is not kept.
var ErrDamaged = errors.New("the copy is damaged")

// database is what is asked of an open one.
type database interface {
	Check(ctx context.Context) (sqlite.Findings, error)
	LoadConfig(ctx context.Context) (iam.ConfigRows, error)
	CountUsers(ctx context.Context, realmID string) (int, error)
	CountSessions(ctx context.Context, realmID string) (int, error)
}

// lookBeside opens the copy of a database only to read it, so that it stays as
// it is, and looks at every row.
func lookBeside(ctx context.Context, dir string, masterKey []byte, m *backup.Manifest) (err error) {
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		return err
	}
	db, err := sqlite.Inspect(ctx, dir, sealer.UnlockRoot, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return look(ctx, db, m)
}

// open opens a database that was unpacked as a server does, which brings one of
// an older release up to date, and looks whether it is whole and holds what the
// manifest says.
func open(ctx context.Context, dir string, masterKey []byte, m backup.Manifest, now func() time.Time, log *slog.Logger) (*sqlite.DB, error) {
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Now: now, Log: log, Unlock: sealer.UnlockRoot})
	if err != nil {
		return nil, err
	}
	var is backup.Manifest
	err = look(ctx, db, &is)
	if err == nil && (!slices.Equal(is.Realms, m.Realms) || is.Users != m.Users || is.Sessions != m.Sessions) {
		err = fmt.Errorf("%w: its manifest tells of other realms, users or sessions than it holds", backup.ErrArchive)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// look looks at every row of a database, and counts what a manifest names.
func look(ctx context.Context, db database, m *backup.Manifest) error {
	found, err := db.Check(ctx)
	if err != nil {
		return err
	}
	if n := len(found.Damaged) + len(found.Broken); n > 0 {
		if n == 1 {
			return fmt.Errorf("%w: %s", ErrDamaged, found.First())
		}
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
