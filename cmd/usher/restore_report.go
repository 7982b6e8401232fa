package main

import (
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/app/recovery"
	"github.com/seed-a6a28e10/usher/internal/backup"
)

// cameBack is something that is as it was when the backup was made, which a
// restore cannot judge.
type cameBack struct {
	What string `json:"what"`
	Is   string `json:"is"`
	Do   string `json:"do"`
}

// whatCameBack lists what to look at after a restore.
func whatCameBack(keptSessions, keptKeys bool) []cameBack {
	list := []cameBack{
		{"passwords", "changed since: the old ones are good again", "set those anew that got out: usher admin users passwd NAME"},
		{"users", "disabled since: enabled again; deleted since: there again; with the roles and groups of then", "usher admin users list, then disable or delete"},
		{"clients", "their secrets, redirect URIs and switches of then; disabled since: enabled again", "usher admin clients list, then secret or disable"},
		{"memberships", "who sees which VideoManager as it was then", "usher admin vms members ID"},
	}
	if keptKeys {
		list = append(list, cameBack{"keys", "rotated away since: they sign and verify again", "if one got out: usher admin keys rotate --now"})
	}
	if keptSessions {
		list = append(list, cameBack{"sessions", "ended since: open again", "usher admin sessions list, then end"})
	}
	return list
}

func (a *admin) reportRestore(m backup.Manifest, o recovery.RestoreOptions) error {
	replaced := !o.KeepKeys
	r := backupReport{File: o.File, Manifest: m, RowsChecked: true, SessionsKept: &o.KeepSessions, KeysReplaced: &replaced,
		CameBack: whatCameBack(o.KeepSessions, o.KeepKeys)}
	how := "is restored; every session has ended, and every realm signs with new keys"
	switch {
	case o.KeepSessions:
		how = "is restored with its sessions and keys, also those that were ended or rotated away since"
	case o.KeepKeys:
		how = "is restored; every session has ended. Its keys sign again, also those that were rotated away since"
	}
	if err := a.reportBackup(r, how+". Start the server on "+o.Data); err != nil || !a.table() {
		return err
	}
	if _, err := fmt.Fprintln(a.stdout, "\nAs it was when the backup was made, and to be looked at:"); err != nil {
		return err
	}
	for _, c := range r.CameBack {
		if _, err := fmt.Fprintf(a.stdout, "  %s: %s\n    %s\n", c.What, c.Is, c.Do); err != nil {
			return err
		}
	}
	return nil
}
