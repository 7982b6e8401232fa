package admin

import (
	"errors"
	"fmt"
	"strconv"
)

// Parse reads a realm file: one realm, or a list of realms. The file's name
// is only used in messages. A wrong file is refused with Faults, each with its
// place; what is kept without being used comes back as warnings. Pure.
func Parse(file string, data []byte) ([]Draft, []Warning, error) {
	if len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" { // a byte order mark is harmless; same offsets
		data = append([]byte("   "), data[3:]...)
	}
	n := newNotes(file, data)
	tree, err := parseTree(data)
	if err != nil {
		var p *placed
		if errors.As(err, &p) {
			n.fault(p.at, "", p.text)
			return nil, nil, n.verdict()
		}
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	drafts := convertAll(n, &tree)
	if err := n.verdict(); err != nil {
		return nil, nil, err
	}
	return drafts, n.list(), nil
}

func convertAll(n *notes, tree *node) []Draft {
	switch tree.kind {
	case '{':
		return []Draft{convert(root(n, tree, ""))}
	case '[':
	default:
		n.fault(int(tree.at), "", "a realm file holds one realm or a list of realms")
		return nil
	}
	if len(tree.kids) == 0 {
		n.fault(int(tree.at), "", "the list of realms is empty")
	}
	var out []Draft
	names, ids, managers := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	for i := range tree.kids {
		v := &tree.kids[i].value
		label := "[" + strconv.Itoa(i) + "]"
		if v.kind != '{' {
			n.fault(int(v.at), label, "must be an object")
			continue
		}
		o := root(n, v, label)
		d := convert(o)
		if names[d.Realm.Name] {
			o.fault("realm", "the realm "+d.Realm.Name+" is there twice")
		}
		if d.Realm.ID != "" && ids[d.Realm.ID] {
			o.fault("id", "this id is there twice")
		}
		for _, m := range d.VideoManagers {
			if managers[m.VideoManager.ID] {
				o.fault("videoManagers", fmt.Sprintf("the id %d is another realm's", m.VideoManager.ID))
			}
			managers[m.VideoManager.ID] = true
		}
		names[d.Realm.Name], ids[d.Realm.ID] = true, true
		out = append(out, d)
	}
	return out
}
