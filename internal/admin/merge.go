package admin

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// MergeStore is what an import into a store in use needs beside Store.
type MergeStore interface {
	// UserIDs says what became of ids that are, or were, users' in any realm.
	UserIDs(ctx context.Context, ids []string) (map[string]iam.IDUse, error)
	// StageUsers puts users aside under the name of a batch, where nobody sees
	// them until MergeRealm.
	StageUsers(ctx context.Context, batch, realmID string, users []iam.StagedUser) error
	// MergeRealm makes the changes with the batch's users, all or nothing.
	// iam.ErrStale: the realm, a client or a user is not what was decided upon;
	// iam.ErrConflict: a name or id is taken.
	MergeRealm(ctx context.Context, m iam.RealmMerge, managers []vms.VideoManager, ev *iam.Event) ([]iam.Revocation, error)
	// DropStage forgets a batch.
	DropStage(ctx context.Context, batch string) error
}

// ImportOptions say how an import treats what is there already.
type ImportOptions struct {
	// DryRun decides everything and writes nothing.
	DryRun bool
	// Overwrite changes what the files say differently; without it such things
	// are only named.
	Overwrite bool
	// OverwritePasswords also takes the passwords of users who exist.
	OverwritePasswords bool
}

// ImportRow counts one kind of things of one realm.
type ImportRow struct {
	Realm, Kind                        string
	InFile, Imported, Changed, Skipped int
	Why                                []string
}

// ImportResult says what an import did, or would do.
type ImportResult struct {
	Rows     []ImportRow
	Warnings []string
	// Differences names what the files say differently from what is stored and
	// was not changed, one line each.
	Differences []string
	// Revocations are to be put in force.
	Revocations []iam.Revocation
}

// ErrNoUsers says that the files hold users and none of them is now a user.
var ErrNoUsers = errors.New("the files hold users, and none of them was imported")

// FileSource gives the files of an import one after another, io.EOF at the end.
// What it gave before is not used any more when it is called again.
type FileSource func() (name string, data []byte, err error)

// Import brings files of a Keycloak export into the store, be there the realm
// already or not: one file, or the files of a folder, where users come in files
// of their own behind that of their realm. What is missing is added; what is
// there and differs is named, and changed where the options say so. The users
// are read file by file and take no memory together. A wrong file refuses the
// whole with realmfile.Faults, and then nothing was imported. Each realm is
// changed all or nothing. ErrNoUsers comes with the result.
func (im *Importer) Import(ctx context.Context, next FileSource, o ImportOptions, event EventOf) (ImportResult, error) {
	rows, err := im.Store.LoadConfig(ctx)
	if err == nil {
		err = rows.Whole()
	}
	if err != nil {
		return ImportResult{}, err
	}
	run := &importRun{im: im, o: o, rows: rows, realms: map[string]*realmRun{}}
	defer func() { run.forget(context.WithoutCancel(ctx)) }()
	if err := run.read(ctx, next); err != nil {
		return ImportResult{}, err
	}
	for _, name := range run.order {
		if err := run.finish(ctx, run.realms[name]); err != nil {
			return ImportResult{}, err
		}
	}
	if len(run.faults) > 0 {
		return ImportResult{}, run.faults
	}
	var out ImportResult
	for _, name := range run.order {
		rm := run.realms[name]
		if !o.DryRun {
			entries, err := rm.commit(ctx, event)
			if err != nil {
				return out, fmt.Errorf("realm %s: %w", name, err)
			}
			out.Revocations = append(out.Revocations, entries...)
		}
		out.Rows = append(out.Rows, rm.table.rows(name)...)
		out.Differences = append(out.Differences, rm.differences...)
	}
	out.Warnings = run.told()
	if run.inFiles > 0 && run.there == 0 {
		return out, ErrNoUsers
	}
	return out, nil
}

// EventOf makes the event of an import into one realm.
type EventOf func(realmID string, rows []ImportRow) *iam.Event

// importRun is one import.
type importRun struct {
	im     *Importer
	o      ImportOptions
	rows   iam.ConfigRows
	realms map[string]*realmRun
	order  []string
	// waiting are files of users whose realm has not come yet, at most maxWaiting
	// bytes of them.
	waiting      []file
	waitingBytes int

	faults   realmfile.Faults
	warnings []warning
	// inFiles counts users, there those who are users in the end.
	inFiles, there int
}

type file struct {
	name string
	data []byte
}

// maxWaiting bounds what is kept of files that came before their realm's.
const maxWaiting = realmfile.MaxBytes

func (run *importRun) read(ctx context.Context, next FileSource) error {
	for {
		name, data, err := next()
		if err == io.EOF { // itself: a source that was cut off may wrap it
			break
		}
		if err != nil {
			return err
		}
		if err := run.file(ctx, name, data, false); err != nil {
			return err
		}
	}
	for _, f := range run.waiting {
		if err := run.file(ctx, f.name, f.data, true); err != nil {
			return err
		}
	}
	run.waiting = nil
	if len(run.order) == 0 && len(run.faults) == 0 {
		return realmfile.Faults{{File: "import", Line: 1, Column: 1, Text: "no file was given"}}
	}
	return nil
}

// file takes one file. Faults are collected; the error is the store's.
func (run *importRun) file(ctx context.Context, name string, data []byte, last bool) error {
	f, err := realmfile.Open(name, data)
	if err != nil {
		return run.blame(err)
	}
	for _, p := range f.Parts {
		if !last && p.UsersOnly() && run.waits(p) {
			if len(f.Parts) == 1 && run.waitingBytes+len(data) <= maxWaiting {
				run.waiting = append(run.waiting, file{name, data})
				run.waitingBytes += len(data)
				return nil
			}
		}
		if err := run.part(ctx, p); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return run.blame(err)
	}
	for _, w := range f.Warnings() {
		run.warn(name, w)
	}
	return nil
}

// blame collects the faults of a file, up to as many as anybody reads.
func (run *importRun) blame(err error) error {
	var faults realmfile.Faults
	if !errors.As(err, &faults) {
		return err
	}
	run.faults = run.faults.With(faults)
	return nil
}

// waits says whether a file of users should wait for that of its realm.
func (run *importRun) waits(p *realmfile.Part) bool {
	rm := run.realms[p.Realm()]
	return rm == nil || rm.draft == nil
}

// part takes one realm of a file, or some of its users.
func (run *importRun) part(ctx context.Context, p *realmfile.Part) error {
	name := p.Realm()
	rm := run.realms[name]
	if p.UsersOnly() {
		if rm == nil {
			stored, ok := findRealm(run.rows, name)
			if !ok {
				p.Fault("realm", "there is no realm "+name+": give the file of the realm too")
				return nil
			}
			var err error
			if rm, err = run.begin(ctx, p, stored, nil); err != nil {
				return err
			}
		}
		return rm.users(ctx, p)
	}
	if rm != nil {
		p.Fault("realm", "the realm "+name+" is there twice, or came behind its users")
		return nil
	}
	d := p.Draft()
	stored, _ := findRealm(run.rows, name)
	rm, err := run.begin(ctx, p, stored, &d)
	if err != nil {
		return err
	}
	return rm.users(ctx, p)
}

// forget drops what was put aside and not used.
func (run *importRun) forget(ctx context.Context) {
	for _, rm := range run.realms {
		if rm.staged {
			_ = run.im.Merge.DropStage(ctx, rm.batch) // else the next import's start does
		}
	}
}
