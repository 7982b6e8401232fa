package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

func (w *world) restoreCommand() *cobra.Command {
	a := &admin{world: w}
	var keep, keepKeys, stdin bool
	c := a.command("restore FILE", "Bring a backup back into an empty data folder", func(ctx context.Context, args []string) error {
		return a.restore(ctx, args[0], recovery.RestoreOptions{KeepSessions: keep, KeepKeys: keepKeys || keep}, stdin)
	})
	c.Long = `Bring a backup back into a data folder that holds no database yet.

  usher restore /backups/usher-2026-11-01.tar --data /var/lib/usher

Every session ends, and tokens issued before now are refused: no session that was
ended since the backup lives again, and everybody logs in again. Every realm
signs with new keys, and those of the backup are disabled: one that got out and
was rotated away since is not good again. Who has pinned the old keys must take
the new ones; --keep-keys leaves them as they were, for when none got out.
--keep-sessions leaves sessions as they were, also those ended since, and their
keys.

Users, passwords, clients with their secrets, and memberships are those of the
backup: a user who was disabled since is enabled again. The command lists what to
look at.

The master key is that of --master-key-file. Where the backup holds it and the
file does not exist, the file is written.`
	c.Flags().BoolVar(&keep, "keep-sessions", false, "let sessions live on, also those ended after the backup was made")
	c.Flags().BoolVar(&keepKeys, "keep-keys", false, "go on with the signing keys of the backup, also those rotated away after it was made")
	c.Flags().BoolVar(&stdin, "passphrase-stdin", false, "read the passphrase of the key in the backup from standard input")
	return a.atFolder(c)
}

func (a *admin) restore(ctx context.Context, file string, o recovery.RestoreOptions, stdin bool) error {
	if _, err := os.Stat(file); err != nil {
		return failed(err, "name a file that `usher backup` made")
	}
	at, err := a.locate()
	if err != nil {
		return err
	}
	if uid := at.owner(); uid >= 0 && uid != os.Geteuid() {
		return at.notYours(fmt.Errorf("%s belongs to another user: what this command writes, the server could not open", at.data))
	}
	o.File, o.Data, o.Clock = file, at.data, app.WallClock()
	o.MasterKey, err = at.masterKey()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err = a.keyFromBackup(ctx, &o, at, stdin); err != nil {
			return err
		}
	case err != nil:
		return at.noKey(err)
	}
	m, err := recovery.Restore(ctx, o)
	if err != nil {
		return restoreFailure(err, at)
	}
	return a.reportRestore(m, o)
}

// keyFromBackup lets a restore take the key in the backup and put it where the
// server looks for it.
func (a *admin) keyFromBackup(ctx context.Context, o *recovery.RestoreOptions, at place, stdin bool) error {
	if err := a.outside(at.keyFile); err != nil {
		return err
	}
	m, err := recovery.Peek(o.File)
	switch {
	case err != nil:
		return restoreFailure(err, at)
	case !m.WithKey:
		return restoreFailure(fmt.Errorf("there is no file %s, and %w", at.keyFile, recovery.ErrNoKey), at)
	}
	o.KeepKey = func(key []byte) error { return app.WriteSecret(at.keyFile, secret.FormatMasterKey(key)) }
	o.Passphrase, err = a.passphrase(ctx, stdin)
	return err
}

func restoreFailure(err error, at place) error {
	switch {
	case errors.Is(err, recovery.ErrOccupied):
		return failed(err, "move the database away, with what lies beside it, or name another folder")
	case errors.Is(err, app.ErrLocked):
		return failed(err, "stop the process that has the folder, or name another one")
	case errors.Is(err, app.ErrFolderOpen):
		return failed(err, "chmod 700 "+at.data)
	case errors.Is(err, recovery.ErrNoKey):
		return failed(err, "name the master key that was in force when it was made, with --master-key-file")
	case errors.Is(err, app.ErrSealed):
		return failed(err, "the backup was made under another master key than "+at.keyFile)
	case errors.Is(err, backup.ErrPassphrase):
		return failed(err, "try again; nothing was restored")
	case errors.Is(err, recovery.ErrClock):
		return failed(err, "set the clock: tokens that were revoked are refused by the time they were issued at")
	case errors.Is(err, backup.ErrArchive), errors.Is(err, recovery.ErrDamaged):
		return failed(err, "take another backup; nothing was restored")
	case errors.Is(err, backup.ErrNewer), errors.Is(err, app.ErrNewer):
		return failed(err, "restore it with the program of that release")
	case errors.Is(err, syscall.ENOSPC):
		return failed(err, "make room; nothing was restored")
	case errors.Is(err, fs.ErrPermission):
		return &failure{err: err, code: exitRefused, hint: "run it as the user that the server runs as"}
	}
	return failed(err, "")
}
