package admin

import (
	"fmt"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// warning is one of an import: of a file, or of what is said of a whole realm,
// which has no place.
type warning struct {
	source string // a file's name, or a realm's
	text   string // where file is not meant
	file   realmfile.Warning
	more   int // other files that say the same
}

func (w warning) String() string {
	if w.text != "" {
		return w.source + ": " + w.text
	}
	line := w.source + ": " + w.file.String()
	switch {
	case w.more == 1:
		line += ", and in another file"
	case w.more > 1:
		line += fmt.Sprintf(", and in %d other files", w.more)
	}
	return line
}

// warn takes a warning of a file. Users come in many files that say the same.
func (run *importRun) warn(file string, w realmfile.Warning) {
	for i := range run.warnings {
		if have := &run.warnings[i]; have.text == "" && have.file.Path == w.Path && have.file.Reason == w.Reason {
			have.file = have.file.And(w)
			have.more++
			return
		}
	}
	run.warnings = append(run.warnings, warning{source: file, file: w})
}

// warnRealm takes a warning about a whole realm.
func (run *importRun) warnRealm(realm, text string) {
	run.warnings = append(run.warnings, warning{source: realm, text: text})
}

// toldOfAKind is how many warnings of one kind are told.
const toldOfAKind = 5

// told are the warnings as they are told: the first few of each kind, and last,
// where they stay on a screen, those about people who cannot log in.
func (run *importRun) told() []string {
	var out, last, kinds []string
	seen, more := map[string]int{}, map[string]int{}
	for _, w := range run.warnings {
		if w.text == "" && w.file.KeepsOut {
			last = append(last, w.String())
			continue
		}
		if kind := w.kind(); kind != "" {
			if seen[kind]++; seen[kind] > toldOfAKind {
				if more[kind]++; more[kind] == 1 {
					kinds = append(kinds, kind)
				}
				continue
			}
		}
		out = append(out, w.String())
	}
	for _, kind := range kinds {
		out = append(out, fmt.Sprintf("%s: and %d more like these", kind, more[kind]))
	}
	return append(out, last...)
}

// kind is what warnings have in common that differ by a name in their text, or
// by an attribute's: the file and the list; "" for what stands alone.
func (w warning) kind() string {
	path := w.file.Path
	if i := strings.Index(path, "attributes."); i >= 0 {
		return w.source + ": " + path[:i] + "attributes"
	}
	switch path {
	case "roles", "clients", "…":
		return w.source + ": " + path
	}
	return ""
}
