package main

import (
	"fmt"
	"strings"
)

// name is a call that ended well and may have changed which names there are.
func (d *disk) name(c *call, f *fields) (bool, error) {
	switch c.name {
	case "open", "openat", "creat":
		return d.opened(c)
	case "rename", "renameat", "renameat2":
		return d.moved(c, f)
	}
	path, err := d.path(c, f)
	if err != nil || !d.ours(path) {
		return false, err
	}
	switch {
	case strings.HasPrefix(c.name, "mkdir"):
		d.renamed(path, &inode{folder: true})
	case d.now[path] == nil: // a socket, which is no file
		return false, nil
	default:
		d.renamed(path, nil)
	}
	return true, nil
}

// opened makes the file where it is new. What it is open on stands behind the
// descriptor that the call returned.
func (d *disk) opened(c *call) (bool, error) {
	path := (&fields{c.rest}).fd()
	if !d.ours(path) {
		return false, nil
	}
	node := d.now[path]
	switch {
	case node == nil && strings.Contains(c.args, "O_CREAT"):
		d.renamed(path, &inode{})
		return true, nil
	case node == nil && !strings.Contains(c.args, "O_DIRECTORY"):
		return false, fmt.Errorf("%s was there before its time", path)
	case strings.Contains(c.args, "O_TRUNC"), strings.Contains(c.args, "O_APPEND"):
		return false, fmt.Errorf("%w: %s is opened with %.120s", errNotModelled, path, c.args)
	}
	return false, nil
}

func (d *disk) moved(c *call, f *fields) (bool, error) {
	from, err := d.path(c, f)
	if err != nil {
		return false, err
	}
	to, err := d.path(c, f)
	if err != nil || !d.ours(from) && !d.ours(to) {
		return false, err
	}
	if !d.ours(from) || !d.ours(to) {
		return false, fmt.Errorf("%w: a file is moved from %s to %s", errNotModelled, from, to)
	}
	node := d.now[from]
	d.renamed(from, nil)
	d.renamed(to, node)
	return true, nil
}

// path reads a path, which the server always writes in full.
func (d *disk) path(c *call, f *fields) (string, error) {
	if strings.HasSuffix(c.name, "at") || strings.HasSuffix(c.name, "at2") {
		f.fd()
	}
	b, err := f.text()
	if err == nil && !strings.HasPrefix(string(b), "/") {
		err = fmt.Errorf("%w: a path that is not whole: %s", errNotModelled, b)
	}
	return string(b), err
}

// mapped refuses a writable shared mapping of a file that counts: its writes
// would not be seen.
func (d *disk) mapped(c *call, f *fields) error {
	if !strings.Contains(f.s, "MAP_SHARED") || !strings.Contains(f.s, "PROT_WRITE") || !strings.Contains(f.s, "<") {
		return nil
	}
	i := strings.Index(f.s, "MAP_SHARED")
	if path := (&fields{f.s[i:]}).fd(); d.ours(path) {
		return fmt.Errorf("%w: %s is mapped to be written", errNotModelled, path)
	}
	return nil
}

// escaped is a path as the trace writes it.
func escaped(path string) string {
	var b strings.Builder
	for i := range len(path) {
		fmt.Fprintf(&b, `\x%02x`, path[i])
	}
	return b.String()
}
