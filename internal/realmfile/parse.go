package realmfile

import "fmt"

// Parse reads a realm file: one realm, or a list of realms. The file's name
// is only used in messages. A wrong file is refused with Faults, each with its
// place; what is kept without being used comes back as warnings. Pure.
func Parse(file string, data []byte) ([]Draft, []Warning, error) {
	f, err := Open(file, data)
	if err != nil {
		return nil, nil, err
	}
	drafts := convertAll(f.Parts)
	if err := f.Err(); err != nil {
		return nil, nil, err
	}
	return drafts, f.Warnings(), nil
}

func convertAll(parts []*Part) []Draft {
	var out []Draft
	names, ids, managers := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	for _, p := range parts {
		o := p.o
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
