package doctor

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Machine is what was found out about the computer and its files.
type Machine struct {
	// Settings says that there are some; the folder of `usher dev` needs none.
	Settings bool
	// Problems are the settings that `usher serve` would refuse, as it words them.
	Problems []Problem
	// Management is the address of the management listener where others can
	// reach it; "" otherwise.
	Management string
	Files      []File
	// Hidden are the settings, such as tls_key_file, whose files only the service
	// can see.
	Hidden []string
	// Owner is the user whose data folder it is, -1 where that cannot be seen;
	// Me the one that asks.
	Owner, Me int
	// FreeBytes and TotalBytes are those of the data folder's file system;
	// DatabaseBytes the size of the database with its log.
	FreeBytes, TotalBytes, DatabaseBytes uint64
	// ClockSynced is whether the kernel says that something keeps its clock
	// right; nil where it cannot be asked.
	ClockSynced *bool
	// Hash is how long one password hash takes here, with the parameters of new
	// passwords; Slots how many run at once.
	Hash  time.Duration
	Slots int
}

// Problem is a setting that is wrong, with its fix.
type Problem struct{ Setting, Text, Fix string }

// File is one file that nobody else should read.
type File struct {
	Path string
	Mode fs.FileMode
	UID  int
	// Widest is the widest mode that is safe.
	Widest fs.FileMode
	// Outside says that it does not lie in the data folder: root may keep it.
	Outside bool
}

// What is judged too little.
const (
	minFreeShare = 10       // per cent of the file system
	minFree      = 1 << 30  // bytes: a warning
	noFree       = 64 << 20 // bytes: writes will fail soon
	slowHash     = 250 * time.Millisecond
	quickHash    = 2 * time.Millisecond
)

// JudgeMachine judges settings, files, disk, clock and hashing.
func JudgeMachine(m Machine) Report {
	var r found
	settings(&r, m)
	files(&r, m)
	disk(&r, m)
	switch {
	case m.ClockSynced == nil:
	case *m.ClockSynced:
		r.ok("clock.synchronised", "the kernel says that the clock is kept right")
	default:
		r.warn("clock.synchronised", "run a time service, such as systemd-timesyncd or chrony: tokens are judged by the clock",
			"nothing keeps the clock right")
	}
	hashing(&r, m)
	return r.list
}

func settings(r *found, m Machine) {
	for _, p := range m.Problems {
		r.fail("settings.refused", p.Fix, "%s: %s", p.Setting, p.Text)
	}
	switch {
	case !m.Settings || len(m.Problems) > 0:
	case len(m.Hidden) > 0:
		r.ok("settings.refused", "the settings are complete and safe; only the service can see the files of %s", strings.Join(m.Hidden, ", "))
	default:
		r.ok("settings.refused", "the settings are complete and safe")
	}
	if m.Management != "" {
		r.warn("settings.management", "set management_listen to a loopback or an internal address", "metrics and profiles are served on %s", m.Management)
	}
}

func files(r *found, m Machine) {
	if m.Me != 0 && m.Owner < 0 {
		r.fail("files.user", "run it as the server's user or as root", "uid %d, who asks, cannot see the data folder", m.Me)
		return
	}
	if m.Me != 0 && m.Me != m.Owner {
		r.fail("files.user", fmt.Sprintf("run it as that user or as root: sudo -u '#%d' usher doctor …", m.Owner),
			"the data folder belongs to uid %d, and uid %d, who asks, cannot look into it", m.Owner, m.Me)
		return
	}
	bad := 0
	for _, f := range m.Files {
		if wide := f.Mode.Perm() &^ f.Widest; wide != 0 {
			bad++
			r.fail("files.mode", fmt.Sprintf("chmod %04o %s", f.Widest, f.Path), "%s has mode %04o: others can reach it", f.Path, f.Mode.Perm())
		}
		if f.UID != m.Owner && !(f.UID == 0 && f.Outside) {
			bad++
			r.fail("files.owner", fmt.Sprintf("chown %d %s", m.Owner, f.Path), "%s belongs to uid %d, the data folder to uid %d", f.Path, f.UID, m.Owner)
		}
	}
	if bad == 0 && len(m.Files) > 0 {
		r.ok("files.mode", "%d files can be read by their owner only", len(m.Files))
	}
}

func disk(r *found, m Machine) {
	if m.TotalBytes == 0 {
		return
	}
	text := fmt.Sprintf("%s of %s free where the data is; the database takes %s", humanize.IBytes(m.FreeBytes), humanize.IBytes(m.TotalBytes), humanize.IBytes(m.DatabaseBytes))
	switch {
	case m.FreeBytes < noFree:
		r.fail("disk.free", "make room: every login and refresh that must be written is answered 503 on a full disk", "%s", text)
	case m.FreeBytes < minFree || m.FreeBytes*100 < m.TotalBytes*minFreeShare && m.FreeBytes < m.DatabaseBytes*4+minFree:
		r.warn("disk.free", "make room, or shorten event_retention", "%s", text)
	default:
		r.ok("disk.free", "%s", text)
	}
}

func hashing(r *found, m Machine) {
	if m.Hash == 0 {
		return
	}
	text := fmt.Sprintf("one password hash takes %s here; with %d at once that is about %.0f first logins a second",
		m.Hash.Round(100*time.Microsecond), m.Slots, float64(m.Slots)/m.Hash.Seconds())
	switch {
	case m.Hash > slowHash:
		r.warn("passwords.hash", "give the machine a faster core, or accept that logins queue", "%s", text)
	case m.Hash < quickHash:
		r.warn("passwords.hash", "raise the cost of new hashes: guessing at a stolen database is as quick", "%s", text)
	default:
		r.ok("passwords.hash", "%s", text)
	}
}
