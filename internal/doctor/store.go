package doctor

import (
	"fmt"
	"time"
)

// Store is what was found out about the database.
type Store struct {
	// Unreadable is why it could not be opened; nil when it was.
	Unreadable error
	// Realms counts them.
	Realms int
	// SealAge is how long the newest sealed event is behind the newest event;
	// Unsealed counts those that wait.
	SealAge  time.Duration
	Unsealed int64
	// Deep is set where every row was looked at.
	Deep *Deep
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
	if s.Unreadable != nil {
		r.fail("store.opens", "check the path, the owner and the master key; `usher restore` brings a backup back", "the database cannot be read: %v", s.Unreadable)
		return r.list
	}
	r.ok("store.opens", "the database opens under the master key")
	if s.Realms == 0 {
		r.fail("store.realm", "usher admin import FILE", "there is no realm: nothing can log in")
	}
	if s.Unsealed > 0 && s.SealAge > sealLate {
		r.warn("events.sealed", "look in the server's log why; a server that does not run seals nothing", "%d events wait for their seal, the oldest for %s", s.Unsealed, s.SealAge.Round(time.Second))
	} else {
		r.ok("events.sealed", "the event record is sealed")
	}
	if d := s.Deep; d != nil {
		deep(&r, *d)
	}
	return r.list
}

func deep(r *found, d Deep) {
	const most = 20
	for i, row := range d.Damaged {
		if i == most {
			r.fail("store.rows", "as above", "and %d more", len(d.Damaged)-most)
			break
		}
		r.fail("store.rows", "restore a backup; requests that need this row are answered 503", "damaged: %s", row)
	}
	for _, line := range d.Broken {
		r.fail("store.file", "stop the server, keep the file, and restore a backup", "%s", line)
	}
	for _, line := range d.Events {
		r.fail("events.record", "find out who could write the database", "%s", line)
	}
	if len(d.Damaged)+len(d.Broken)+len(d.Events) == 0 {
		r.ok("store.rows", "%s looked at, none damaged; the event record is unchanged", counted(d.Rows, "row"))
	}
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
