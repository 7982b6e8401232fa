package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// loss is a way in which a power cut treats what was not synced.
type loss int

const (
	allLost loss = iota
	allKept
	reordered     // any of it is there, whatever came before it
	torn          // the same, and of what is there any sectors
	prefix        // all up to some call, and of that call some sectors
	lastOnly      // the newest call of each file, and nothing before it
	losses    int = iota
)

func (l loss) String() string {
	return [...]string{"all lost", "all kept", "reordered", "torn", "prefix", "last only"}[l]
}

const sector = 512

// image is what a cut leaves: files by path, and folders with nil content.
type image map[string][]byte

// cut is what a power cut at this moment may leave.
func (d *disk) cut(r *rand.Rand, l loss) image {
	names := map[string]*inode{}
	for path, node := range d.synced {
		names[path] = node
	}
	for _, ch := range chosen(r, l, d.names) {
		ch.onNames(names)
	}
	out := image{}
	for path, node := range names {
		if path != d.root && names[filepath.Dir(path)] == nil {
			continue // its folder is lost
		}
		if node.folder {
			out[path] = nil
			continue
		}
		content := append(make([]byte, 0, len(node.synced)+1), node.synced...)
		kept := chosen(r, l, node.pending)
		for i, ch := range kept {
			if l == torn && r.IntN(2) == 0 || l == prefix && i == len(kept)-1 {
				content = ch.tornOn(content, r)
			} else {
				content = ch.on(content)
			}
		}
		out[path] = content
	}
	return out
}

// chosen are the changes that reached the device, in their order.
func chosen(r *rand.Rand, l loss, all []*change) (out []*change) {
	switch {
	case len(all) == 0 || l == allLost:
		return nil
	case l == allKept:
		return all
	case l == prefix:
		return all[:r.IntN(len(all)+1)]
	case l == lastOnly:
		return all[len(all)-1:]
	}
	for _, ch := range all {
		if r.IntN(2) == 0 {
			out = append(out, ch)
		}
	}
	return out
}

// tornOn is a file's content with some of the sectors that a write touches.
func (ch *change) tornOn(content []byte, r *rand.Rand) []byte {
	if ch.size >= 0 {
		return ch.on(content)
	}
	for at := ch.offset; at < ch.offset+int64(len(ch.data)); {
		next := min((at/sector+1)*sector, ch.offset+int64(len(ch.data)))
		if r.IntN(2) == 0 {
			part := change{size: -1, offset: at, data: ch.data[at-ch.offset : next-ch.offset]}
			content = part.on(content)
		}
		at = next
	}
	return content
}

// write makes the image real, with everything below root moved to dir.
func (m image) write(root, dir string) error {
	paths := make([]string, 0, len(m))
	for path := range m {
		paths = append(paths, path)
	}
	slices.Sort(paths) // folders before what is in them
	for _, path := range paths {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if m[path] == nil {
			err = os.Mkdir(to, 0o700)
		} else {
			err = os.WriteFile(to, m[path], 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
