package realmfile

import (
	"errors"
	"fmt"
	"strconv"
)

// File is a realm file whose parts are read one by one.
type File struct {
	Parts []*Part
	notes *notes
}

// Part is one realm of a file, or some of its users.
type Part struct{ o *object }

// Open parses a file into its parts. A file that has none is refused with
// Faults. Its name is only used in messages.
func Open(name string, data []byte) (*File, error) {
	if len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" { // a byte order mark is harmless; same offsets
		data = append([]byte("   "), data[3:]...)
	}
	n := newNotes(name, data)
	tree, err := parseTree(data)
	if err != nil {
		var p *placed
		if errors.As(err, &p) {
			n.fault(p.at, "", p.text)
			return nil, n.verdict()
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{notes: n}
	for _, o := range rootsOf(n, &tree) {
		f.Parts = append(f.Parts, &Part{o})
	}
	return f, n.verdict()
}

// Err is all Faults found in what was read so far, or nil.
func (f *File) Err() error { return f.notes.verdict() }

// Warnings name what was read so far and not taken as it stands.
func (f *File) Warnings() []Warning { return f.notes.list() }

// Realm is the name of the part's realm.
func (p *Part) Realm() string { return p.o.str("realm", "") }

// Draft is the realm without the users and without judging the members of
// VideoManagers, who are users: both may come in files of their own.
func (p *Part) Draft() Draft { return realmPart(p.o) }

// Fault blames the value of a member, or the part itself where it has none.
func (p *Part) Fault(member, text string) { p.o.fault(member, text) }

// Warn names what is not taken as it stands.
func (p *Part) Warn(member, reason string) { p.o.warn(member, reason) }

// rootsOf are the realms of a file: its one object, or those of its list.
func rootsOf(n *notes, tree *node) []*object {
	switch tree.kind {
	case '{':
		return []*object{root(n, tree, "")}
	case '[':
	default:
		n.fault(int(tree.at), "", "a realm file holds one realm or a list of realms")
		return nil
	}
	if len(tree.kids) == 0 {
		n.fault(int(tree.at), "", "the list of realms is empty")
	}
	var out []*object
	for i := range tree.kids {
		v := &tree.kids[i].value
		label := "[" + strconv.Itoa(i) + "]"
		if v.kind != '{' {
			n.fault(int(v.at), label, "must be an object")
			continue
		}
		out = append(out, root(n, v, label))
	}
	return out
}

// UsersOnly says that a part is some of a realm's users and nothing else of it,
// as in the REALM-users-N.json of a folder.
func (p *Part) UsersOnly() bool {
	for i := range p.o.node.kids {
		switch p.o.node.kids[i].name {
		case "realm", "users", "federatedUsers":
		default:
			return false
		}
	}
	return p.o.has("users") && p.o.has("realm")
}
