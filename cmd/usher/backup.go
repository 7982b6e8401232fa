package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
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
	// RowsChecked says that every row was looked at, not only the archive's sum.
	RowsChecked bool `json:"rows_checked"`
	// What follows is set by a restore: CameBack is to be looked at.
	SessionsKept *bool      `json:"sessions_kept,omitempty"`
	KeysReplaced *bool      `json:"keys_replaced,omitempty"`
	CameBack     []cameBack `json:"came_back,omitempty"`
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
	key, err := at.masterKey()
	if err != nil {
		return at.noKey(err)
	}
	var passphrase string
	if withKey {
		if passphrase, err = a.newPassphrase(ctx, stdin); err != nil {
			return err
		}
	}
	modest()
	m, err := recovery.Backup(ctx, recovery.Options{
		Data: at.data, MasterKey: key, File: file, Passphrase: passphrase, Version: readBuild().version, Now: time.Now(),
	})
	if err != nil {
		return backupFailure(err, at)
	}
	return a.reportBackup(backupReport{File: file, Manifest: m, RowsChecked: true}, "is a whole backup")
}

func (a *admin) verifyBackup(ctx context.Context, file string, withKey, stdin bool) error {
	if _, err := os.Stat(file); err != nil {
		return failed(err, "name a file that `usher backup` made")
	}
	var key []byte
	var passphrase string
	var err error
	if withKey {
		passphrase, err = a.passphrase(ctx, stdin)
	} else {
		key, err = a.knownKey()
	}
	if err != nil {
		return err
	}
	m, looked, err := recovery.Verify(ctx, file, key, passphrase, os.TempDir())
	if err != nil {
		return verifyFailure(err)
	}
	how := "is a whole backup; every row was looked at"
	if !looked {
		how = "is a whole backup, by its sum; name the master key to have every row looked at"
	}
	return a.reportBackup(backupReport{File: file, Manifest: m, RowsChecked: looked}, how)
}

// knownKey is the master key that was named, else that of the data folder; nil
// where there is none.
func (a *admin) knownKey() ([]byte, error) {
	at := place{keyFile: a.keyFile}
	if at.keyFile == "" {
		var err error
		if at, err = a.locate(); err != nil {
			return nil, nil // on a machine without a server the sum alone is compared
		}
	}
	key, err := at.masterKey()
	if (errors.Is(err, fs.ErrNotExist) || errors.Is(err, errHiddenKey)) && a.keyFile == "" {
		return nil, nil
	}
	if err != nil {
		return nil, at.noKey(err)
	}
	return key, nil
}

// noKey explains a master key that cannot be read.
func (at place) noKey(err error) error {
	switch {
	case errors.Is(err, errHiddenKey):
		return failed(err, hiddenKeyHint)
	case errors.Is(err, app.ErrKeyMode):
		return failed(err, "chmod 600 "+at.keyFile)
	case errors.Is(err, fs.ErrPermission):
		return at.notYours(err)
	}
	return failed(err, "name the master key with --master-key-file: without it nothing can be looked at")
}

func (a *admin) reportBackup(r backupReport, how string) error {
	if !a.table() {
		return printJSON(a, r)
	}
	withKey := "not in it"
	if r.WithKey {
		withKey = "in it, under a passphrase"
	}
	a.say("%s %s", r.File, how)
	return cli.Facts(a.stdout, [][2]string{
		{"Made", cli.Moment(time.Now(), r.MadeAt)}, {"By", "usher " + r.Version}, {"Database", humanize.IBytes(uint64(r.Size))},
		{"Master key", withKey},
		{"Backed up", cli.Count(int64(len(r.Realms)), "realm") + ", " + cli.Count(r.Users, "user") + ", " + cli.Count(r.Sessions, "session")},
	})
}

func backupFailure(err error, at place) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return failed(err, "choose another name: a backup replaces nothing")
	case errors.Is(err, syscall.ENOSPC):
		return failed(err, "make room: while a backup is made it takes twice the size of the database")
	case errors.Is(err, recovery.ErrPlace):
		return failed(err, "name a file in a folder that is there and that you can write to")
	case errors.Is(err, fs.ErrPermission):
		return at.notYours(err)
	case errors.Is(err, app.ErrSealed):
		return failed(err, sealedHint(at.keyFile))
	case errors.Is(err, app.ErrOlder):
		return failed(err, "make the backup with the program of that release, before the server is brought up to date")
	case errors.Is(err, app.ErrNewer):
		return failed(err, "make the backup with the program of that release")
	case errors.Is(err, fs.ErrNotExist):
		return failed(fmt.Errorf("%s holds no database", at.data), "name the data folder of a server with --data DIR")
	case errors.Is(err, recovery.ErrDamaged):
		return &failure{err: err, code: exitFindings, hint: "keep the last good backup; `usher doctor --deep` names what is damaged"}
	}
	return failed(err, "`usher doctor` looks at the folder and the database")
}

func verifyFailure(err error) error {
	switch {
	case errors.Is(err, backup.ErrPassphrase):
		return failed(err, "try again")
	case errors.Is(err, recovery.ErrNoKey):
		return failed(err, "leave out --with-key, and name the key with --master-key-file")
	case errors.Is(err, app.ErrSealed):
		return failed(err, "the backup was made under another master key; name that one with --master-key-file")
	case errors.Is(err, backup.ErrNewer), errors.Is(err, app.ErrNewer):
		return failed(err, "verify it with the program of that release")
	case errors.Is(err, syscall.ENOSPC):
		return failed(err, "make room, or set TMPDIR: the database is unpacked to be looked at")
	case errors.Is(err, backup.ErrArchive), errors.Is(err, recovery.ErrDamaged):
		return &failure{err: err, code: exitFindings, hint: "do not rely on this file"}
	}
	return failed(err, "")
}
