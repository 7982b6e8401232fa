package doctor

import (
	"fmt"
	"time"
)

// Store is what was found out about the database.
type Store struct {
	// Unreadable is why it could not be opened, nil when it was; Trouble is of
	// which kind that is.
	Unreadable error
	Trouble    Trouble
	// Unread are parts that could not be read, and why.
	Unread []error
	// Realms counts them.
	Realms int
	// Damaged names rows of the configuration that are not what was written.
	Damaged []string
	// SealAge is how long the newest sealed event is behind the newest event;
	// Unsealed counts those that wait.
	SealAge  time.Duration
	Unsealed int64
	// Deep is set where every row was looked at.
	Deep *Deep
}

// Trouble is why a database cannot be opened, as far as it decides what to do.
type Trouble int

// The kinds of trouble.
const (
	Unexplained   Trouble = iota
	NoDatabase            // the folder has none
	NotPermitted          // it is another user's
	NoKey                 // the master key cannot be read
	OtherKey              // the master key opens something else
	OlderRelease          // an older release wrote it
	NewerRelease          // a newer one did
	ForeignFile           // it is no database of Usher, or its beginning is damaged
	FilledUp              // there is no room to read it
	DiskUnusable          // the disk answers with errors
	FolderMissing         // there is no data folder
	KeyHidden             // the master key is for the service alone to see
)

var troubleAdvice = [...]string{
	Unexplained:   "look at the disk and at the server's log; `usher restore` brings a backup back",
	NoDatabase:    "`usher serve` makes one at its first start; check that --data names the right folder",
	NotPermitted:  "run it as the user whose folder it is, or as root",
	NoKey:         "name the key with --master-key-file; without it nobody can read the database",
	OtherKey:      "bring the key back under which it was sealed, and name it with --master-key-file",
	OlderRelease:  "make a backup with that release, then start the server of this one, which brings it up to date",
	NewerRelease:  "use the program of that release",
	ForeignFile:   "keep the file, and bring a backup back with `usher restore`",
	FilledUp:      "make room on the disk",
	DiskUnusable:  "copy what can be read, replace the disk, and bring a backup back with `usher restore`",
	KeyHidden:     "name the file the credential is made from, such as that of LoadCredential, with --master-key-file",
	FolderMissing: "name the data folder with --data, or start `usher serve`, which makes it",
}

// Deep is the result of looking at every row.
type Deep struct {
	Rows int64
	// Damaged names rows whose sum is wrong, Broken what the database engine
	// itself says of its file.
	Damaged, Broken []string
	// Events are findings in the sealed event record.
	Events []string
}

const sealLate = 10 * time.Second

// JudgeStore judges the database.
func JudgeStore(s Store) Report {
	var r found
	switch {
	case s.Unreadable != nil && (s.Trouble == OlderRelease || s.Trouble == KeyHidden): // no fault, but not all can be looked at
		r.warn("store.opens", troubleAdvice[s.Trouble], "the database is not read: %v", s.Unreadable)
		return r.list
	case s.Unreadable != nil:
		r.fail("store.opens", troubleAdvice[s.Trouble], "the database cannot be read: %v", s.Unreadable)
		return r.list
	}
	r.ok("store.opens", "the database opens under the master key")
	if s.Realms == 0 && len(s.Damaged) == 0 {
		r.fail("store.realm", "usher admin import FILE", "there is no realm: nothing can log in")
	}
	for _, err := range s.Unread {
		r.fail("store.reads", "run `usher doctor --deep`, look at the disk, and bring a backup back", "%v", err)
	}
	if s.Unsealed > 0 && s.SealAge > sealLate {
		r.warn("events.sealed", "look in the server's log why; a server that does not run seals nothing", "%s for the seal, the oldest for %s",
			counted(s.Unsealed, "event waits", "events wait"), s.SealAge.Round(time.Second))
	} else if len(s.Unread) == 0 {
		r.ok("events.sealed", "the event record is sealed")
	}
	if s.Deep != nil {
		deep(&r, s)
	} else {
		damaged(&r, s.Damaged)
	}
	return r.list
}

func deep(r *found, s Store) {
	d := s.Deep
	damaged(r, d.Damaged)
	several(r, "store.file", "stop the server, keep the file, and restore a backup", d.Broken)
	several(r, "events.record", "find out who could write the database", d.Events)
	if len(d.Damaged)+len(d.Broken)+len(d.Events)+len(s.Unread) == 0 {
		r.ok("store.rows", "%s looked at, none damaged; the event record is unchanged", counted(d.Rows, "row", "rows"))
	}
}

func damaged(r *found, rows []string) {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = "damaged: " + row
	}
	several(r, "store.rows", "restore a backup; requests that need this row are answered 503", lines)
}

// several fails for each different line, but for twenty at most.
func several(r *found, check, advice string, lines []string) {
	const most = 20
	times := map[string]int{}
	var different []string
	for _, line := range lines {
		if times[line]++; times[line] == 1 {
			different = append(different, line)
		}
	}
	for i, line := range different {
		if i == most {
			r.fail(check, advice, "and %d more", len(different)-most)
			return
		}
		if n := times[line]; n > 1 {
			line = fmt.Sprintf("%s (%d times)", line, n)
		}
		r.fail(check, advice, "%s", line)
	}
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
