package realmfile

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// Fault is one mistake in a file, with its place.
type Fault struct {
	File   string
	Line   int // from 1
	Column int // in bytes, from 1
	Path   string
	Text   string
}

// Error is the fault behind its place.
func (f Fault) Error() string {
	if f.Path == "" {
		return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, f.Path, f.Text)
}

// Faults is the error of a refused file: every mistake that was found, in the
// order of the file, at most maxFaults.
type Faults []Fault

const (
	maxFaults   = 20
	maxWarnings = 500
)

// With are these faults and those of another file, up to as many as anybody
// reads.
func (f Faults) With(more Faults) Faults {
	return append(f, more[:min(len(more), max(0, maxFaults-len(f)))]...)
}

// Error has a line for each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Warning names something in a file that was not taken as it stands. Equal
// places of a list are counted together, with [*] for their indices.
type Warning struct {
	Path   string
	Reason string
	Count  int
	Line   int // of the first
	// Names are the first few that it is about, where they have names.
	Names []string
	// KeepsOut says that those are users who cannot log in.
	KeepsOut bool
}

// maxNames bounds what is named of many things of one kind.
const maxNames = 5

func (w *Warning) name(name string) {
	if len(w.Names) < maxNames {
		w.Names = append(w.Names, name)
	}
}

// And is the warning and an equal one of another file.
func (w Warning) And(other Warning) Warning {
	w.Names = append([]string(nil), w.Names...)
	for _, name := range other.Names {
		w.name(name)
	}
	w.Count += other.Count
	return w
}

func (w Warning) String() string {
	names := ""
	if len(w.Names) > 0 {
		names = ": " + strings.Join(w.Names, ", ")
		if n := w.Count - len(w.Names); n > 0 {
			names += fmt.Sprintf(" and %d more", n)
		}
	}
	if w.Count > 1 {
		return fmt.Sprintf("%s: %s%s (%d times, first in line %d)", w.Path, w.Reason, names, w.Count, w.Line)
	}
	return fmt.Sprintf("%s: %s%s (line %d)", w.Path, w.Reason, names, w.Line)
}

// notes collects faults and warnings while one file is read.
type notes struct {
	file     string
	data     []byte
	faults   Faults
	warnings []*Warning
	byKey    map[string]*Warning
	unnamed  int // warnings beyond maxWarnings
	// lastAt and lastLine remember a position, since warnings come in order.
	lastAt, lastLine int
}

func newNotes(file string, data []byte) *notes {
	return &notes{file: file, data: data, byKey: map[string]*Warning{}, lastLine: 1}
}

// line is the line of the byte at; cheap when offsets mostly ascend.
func (n *notes) line(at int) int {
	at = min(at, len(n.data))
	if at < n.lastAt {
		n.lastAt, n.lastLine = 0, 1
	}
	n.lastLine += bytes.Count(n.data[n.lastAt:at], []byte{'\n'})
	n.lastAt = at
	return n.lastLine
}

func (n *notes) fault(at int, path, text string) {
	if len(n.faults) >= maxFaults {
		return
	}
	n.faults = append(n.faults, Fault{File: n.file, Line: n.line(at), Column: n.column(at), Path: path, Text: text})
}

func (n *notes) column(at int) int {
	at = min(at, len(n.data))
	return at - bytes.LastIndexByte(n.data[:at], '\n')
}

func (n *notes) place(at int) string {
	return fmt.Sprintf("%s:%d:%d", n.file, n.line(at), n.column(at))
}

// warn counts a warning; what it gives may be changed.
func (n *notes) warn(at int, path, reason string) *Warning {
	key := path + "\x00" + reason
	if w := n.byKey[key]; w != nil {
		w.Count++
		return w
	}
	if len(n.warnings) >= maxWarnings {
		n.unnamed++
		return &Warning{}
	}
	w := &Warning{Path: path, Reason: reason, Count: 1, Line: n.line(at)}
	n.byKey[key] = w
	n.warnings = append(n.warnings, w)
	return w
}

// verdict gives the sorted faults as an error, or nil.
func (n *notes) verdict() error {
	if len(n.faults) == 0 {
		return nil
	}
	sort.SliceStable(n.faults, func(i, j int) bool {
		a, b := n.faults[i], n.faults[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return n.faults
}

func (n *notes) list() []Warning {
	out := make([]Warning, len(n.warnings))
	for i, w := range n.warnings {
		out[i] = *w
	}
	if n.unnamed > 0 {
		out = append(out, Warning{Path: "…", Count: 1, Line: 1, Reason: fmt.Sprintf("%d more warnings like these", n.unnamed)})
	}
	return out
}
