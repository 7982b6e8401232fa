package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

// backupReport is what the commands about backups print as JSON.
type backupReport struct {
	File string `json:"file"`
	backup.Manifest
	// SessionsKept is set by a restore.
	SessionsKept *bool `json:"sessions_kept,omitempty"`
}

// atFolder are the flags of commands that need a data folder and no server.
func (a *admin) atFolder(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&a.data, "data", "", "data `folder` (else USHER_DATA, else that of the settings)")
	f.StringVar(&a.config, "config", "", "settings `file` of the server (else "+defaultConfig+" where that exists)")
	f.StringVar(&a.keyFile, "master-key-file", "", "master key `file` (else that of the settings, else FOLDER.key)")
	f.BoolVar(&a.json, "json", false, "print JSON on a terminal too")
	f.BoolVar(&a.noInput, "no-input", false, "ask nothing, even on a terminal")
	return c
}

func (w *world) backupCommand() *cobra.Command {
	a := &admin{world: w}
	var withKey, stdin, verify bool
	c := a.command("backup FILE", "Copy the database of a running server to one file, and check the copy", func(ctx context.Context, args []string) error {
		if verify {
			return a.verifyBackup(ctx, args[0], withKey, stdin)
		}
		return a.backup(ctx, args[0], withKey, stdin)
	})
	c.Long = `Copy the database, as of one moment, to one file. The server may run. Every row
of the copy is looked at before the file appears under its name.

  usher backup /backups/usher-$(date +%F).tar
  usher backup --verify /backups/usher-2026-11-01.tar

The master key is not in it, unless --with-key puts it there, encrypted under a
passphrase. Without the master key a backup is worth nothing: keep both, apart.`
	c.Flags().BoolVar(&withKey, "with-key", false, "put the master key in, encrypted under a passphrase; with --verify, open that one")
	c.Flags().BoolVar(&stdin, "passphrase-stdin", false, "read the passphrase from standard input")
	c.Flags().BoolVar(&verify, "verify", false, "look at a backup that is there instead of making one")
	return a.atFolder(c)
}

func (a *admin) backup(ctx context.Context, file string, withKey, stdin bool) error {
	at, err := a.folder()
	if err != nil {
		return err
	}
	key, err := app.ReadMasterKey(at.keyFile)
	if err != nil {
		return failed(err, "name the master key with --master-key-file: the copy is checked with it")
	}
	var passphrase string
	if withKey {
		if passphrase, err = a.passphrase(ctx, stdin, true); err != nil {
			return err
		}
	}
	m, err := recovery.Backup(ctx, recovery.Options{
		Data: at.data, MasterKey: key, File: file, Passphrase: passphrase, Version: readBuild().version, Now: time.Now(),
	})
	if err != nil {
		return backupFailure(err, at)
	}
	return a.reportBackup(backupReport{File: file, Manifest: m}, "is a whole backup")
}

func (a *admin) verifyBackup(ctx context.Context, file string, withKey, stdin bool) error {
	var key []byte
	var passphrase string
	var err error
	if withKey {
		passphrase, err = a.passphrase(ctx, stdin, false)
	} else if at, located := a.folder(); located == nil {
		if key, err = app.ReadMasterKey(at.keyFile); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	m, err := recovery.Verify(ctx, file, key, passphrase, os.TempDir())
	if err != nil {
		return &failure{err: err, code: exitFindings, hint: "do not rely on this file"}
	}
	how := "is a whole backup; every row was looked at"
	if key == nil && passphrase == "" {
		how = "is a whole backup, by its sum; name the master key to have every row looked at"
	}
	return a.reportBackup(backupReport{File: file, Manifest: m}, how)
}

// passphrase asks for the one of a key in a backup, twice where it is new.
func (a *admin) passphrase(ctx context.Context, stdin, isNew bool) (text string, err error) {
	switch {
	case stdin:
		text, err = cli.ReadPassword(a.stdin)
	case isNew:
		text, err = a.prompter().NewPassword(ctx, "Passphrase for the master key")
	default:
		text, err = a.prompter().Password(ctx, "Passphrase of the master key")
	}
	if errors.Is(err, cli.ErrNoTerminal) {
		return "", usage(errors.New("no passphrase was given"), "pipe it in with --passphrase-stdin")
	}
	if err != nil {
		return "", a.unanswered(err)
	}
	return text, nil
}

func (a *admin) reportBackup(r backupReport, how string) error {
	if !a.table() {
		return printJSON(a, r)
	}
	withKey := "without the master key"
	if r.WithKey {
		withKey = "with the master key, under a passphrase"
	}
	a.say("%s %s, %s", r.File, how, withKey)
	return cli.Facts(a.stdout, [][2]string{
		{"Made", cli.Moment(time.Now(), r.MadeAt)}, {"By", "usher " + r.Version}, {"Database", humanize.IBytes(uint64(r.Size))},
		{"Realms", fmt.Sprint(len(r.Realms))}, {"Users", fmt.Sprint(r.Users)}, {"Sessions", fmt.Sprint(r.Sessions)},
	})
}

func backupFailure(err error, at place) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return failed(err, "choose another name: a backup replaces nothing")
	case errors.Is(err, fs.ErrPermission):
		return at.notYours(err)
	case errors.Is(err, app.ErrSealed):
		return failed(err, sealedHint(at.keyFile))
	case errors.Is(err, fs.ErrNotExist):
		return failed(err, "name the data folder of a server with --data DIR, and a folder that exists for the backup")
	case errors.Is(err, recovery.ErrDamaged):
		return &failure{err: err, code: exitFindings, hint: "keep the last good backup; run `usher doctor --deep`"}
	}
	return failed(err, "")
}
