package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

func (w *world) restoreCommand() *cobra.Command {
	a := &admin{world: w}
	var keep, stdin bool
	c := a.command("restore FILE", "Bring a backup back into an empty data folder", func(ctx context.Context, args []string) error {
		return a.restore(ctx, args[0], keep, stdin)
	})
	c.Long = `Bring a backup back into a data folder that holds no database yet.

  usher restore /backups/usher-2026-11-01.tar --data /var/lib/usher

Every session ends, and tokens issued before now are refused: whoever was logged
out, disabled or revoked after the backup was made does not come back in.
Users log in again; passwords are those of the backup. --keep-sessions leaves
sessions as they were, also those that were ended since.

The master key is that of --master-key-file. Where the backup holds it and the
file does not exist, the file is written.`
	c.Flags().BoolVar(&keep, "keep-sessions", false, "let sessions live on, also those ended after the backup was made")
	c.Flags().BoolVar(&stdin, "passphrase-stdin", false, "read the passphrase of the key in the backup from standard input")
	return a.atFolder(c)
}

func (a *admin) restore(ctx context.Context, file string, keep, stdin bool) error {
	at, err := a.locate()
	if err != nil {
		return err
	}
	o := recovery.RestoreOptions{File: file, Data: at.data, KeepSessions: keep, Clock: app.WallClock()}
	o.MasterKey, err = app.ReadMasterKey(at.keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err = a.outside(at.keyFile); err != nil {
			return err
		}
		o.KeepKey = func(key []byte) error { return app.WriteSecret(at.keyFile, secret.FormatMasterKey(key)) }
		o.Passphrase, err = a.keyPassphrase(ctx, file, stdin)
	}
	if err != nil {
		return restoreFailure(err, at)
	}
	m, err := recovery.Restore(ctx, o)
	if err != nil {
		return restoreFailure(err, at)
	}
	how := "is restored; every session has ended"
	if keep {
		how = "is restored with its sessions, also those that were ended since"
	}
	return a.reportBackup(backupReport{File: file, Manifest: m, SessionsKept: &keep}, how)
}

// keyPassphrase asks for the passphrase of the key in a backup, if there is one.
func (a *admin) keyPassphrase(ctx context.Context, file string, stdin bool) (string, error) {
	m, err := recovery.Peek(file)
	switch {
	case err != nil:
		return "", err
	case !m.WithKey:
		return "", recovery.ErrNoKey
	}
	return a.passphrase(ctx, stdin, false)
}

func restoreFailure(err error, at place) error {
	var told *failure
	switch {
	case errors.As(err, &told):
		return err
	case errors.Is(err, recovery.ErrOccupied):
		return failed(err, "move the database away, with what lies beside it, or name another folder")
	case errors.Is(err, recovery.ErrNoKey):
		return failed(err, "name the master key that was in force when it was made, with --master-key-file")
	case errors.Is(err, app.ErrSealed):
		return failed(err, "the backup was made under another master key than "+at.keyFile)
	case errors.Is(err, backup.ErrPassphrase):
		return failed(err, "try again; nothing was restored")
	case errors.Is(err, backup.ErrArchive), errors.Is(err, recovery.ErrDamaged):
		return failed(err, "take another backup; nothing was restored")
	case errors.Is(err, backup.ErrNewer):
		return failed(err, "restore it with that release")
	case errors.Is(err, fs.ErrPermission):
		return &failure{err: err, code: exitRefused, hint: "run it as the user that the server runs as"}
	}
	return failed(err, "")
}
