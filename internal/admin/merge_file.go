package admin

import (
	"errors"
	"fmt"
	"strconv"
)

// openFile parses a file into the objects that stand for realms.
func openFile(name string, data []byte) (*notes, []*object, error) {
	if len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" { // a byte order mark is harmless; same offsets
		data = append([]byte("   "), data[3:]...)
	}
	n := newNotes(name, data)
	tree, err := parseTree(data)
	if err != nil {
		var p *placed
		if errors.As(err, &p) {
			n.fault(p.at, "", p.text)
			return n, nil, n.verdict()
		}
		return n, nil, fmt.Errorf("%s: %w", name, err)
	}
	return n, rootsOf(n, &tree), n.verdict()
}

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

// usersOnly says that an object is some of a realm's users and nothing else of
// it, as in the REALM-users-N.json of a folder.
func usersOnly(o *object) bool {
	for i := range o.node.kids {
		switch o.node.kids[i].name {
		case "realm", "users", "federatedUsers":
		default:
			return false
		}
	}
	return o.has("users") && o.has("realm")
}
