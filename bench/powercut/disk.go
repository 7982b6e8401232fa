package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

var errNotModelled = errors.New("the server writes in a way that is not modelled")

// disk is the data folder as the kernel and the device know it: what is synced
// for certain, and what may have reached the device or not.
type disk struct {
	root string
	// ignored files hold nothing that a promise rests on.
	ignored func(path string) bool

	now    map[string]*inode // names as processes see them
	synced map[string]*inode // names that a power cut leaves
	names  []*change         // of names, oldest first, not synced
	moment int
	begun  map[*call]*change
	asked  map[*call]int // syncs that began, and when
}

// inode is a file or a folder.
type inode struct {
	folder  bool
	synced  []byte
	pending []*change
}

// change is one call's effect, until it is synced.
type change struct {
	done int // the moment the call ended; 0: not yet

	// Of a file: data written at an offset, or a size it was cut or grown to.
	offset int64
	data   []byte
	size   int64 // -1: a write

	// Of names: what is at the path now; nil is nothing.
	path string
	node *inode
}

func newDisk(root string, ignored func(string) bool) *disk {
	return &disk{root: root, ignored: ignored, now: map[string]*inode{}, synced: map[string]*inode{},
		begun: map[*call]*change{}, asked: map[*call]int{}}
}

func (d *disk) ours(path string) bool {
	return (path == d.root || strings.HasPrefix(path, d.root+"/")) && !d.ignored(path)
}

// apply takes the next event and says whether it changed what a cut may leave.
func (d *disk) apply(e event) (bool, error) {
	d.moment++
	c, f := e.call, &fields{e.call.args}
	switch c.name {
	case "write", "pwrite64", "ftruncate":
		return d.file(e, f)
	case "fsync", "fdatasync":
		return d.sync(e, f)
	case "open", "openat", "creat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2":
		if e.ends && c.ret >= 0 {
			return d.name(c, f)
		}
		return false, nil
	case "mmap":
		return false, d.mapped(c, f)
	}
	// Whatever else was traced must not touch the folder.
	if hex := escaped(d.root); strings.Contains(c.args, hex) && !e.ends {
		return false, fmt.Errorf("%w: %s(%.200s", errNotModelled, c.name, c.args)
	}
	return false, nil
}

// file is a change of a file's content.
func (d *disk) file(e event, f *fields) (bool, error) {
	if e.ends {
		ch := d.begun[e.call]
		delete(d.begun, e.call)
		if ch == nil {
			return false, nil
		}
		switch {
		case e.call.ret < 0:
			ch.data, ch.size = nil, -1
		case ch.size < 0:
			ch.data = ch.data[:e.call.ret]
		}
		ch.done = d.moment
		return false, nil // what a cut may leave has not changed
	}
	path := f.fd()
	if !d.ours(path) {
		return false, nil
	}
	node := d.now[path]
	if node == nil {
		return false, fmt.Errorf("a write to %s, which nobody made", path)
	}
	ch := &change{size: -1}
	if err := ch.read(e.call.name, f); err != nil {
		return false, fmt.Errorf("%s of %s: %w", e.call.name, path, err)
	}
	node.pending = append(node.pending, ch)
	d.begun[e.call] = ch
	return true, nil
}

func (ch *change) read(name string, f *fields) (err error) {
	switch name {
	case "ftruncate":
		ch.size, err = f.number()
		return err
	case "write": // its offset is not in the trace
		return errNotModelled
	}
	if ch.data, err = f.text(); err != nil {
		return err
	}
	if _, err = f.number(); err != nil {
		return err
	}
	ch.offset, err = f.number()
	return err
}

// sync makes durable what ended before it began.
func (d *disk) sync(e event, f *fields) (bool, error) {
	path := f.fd()
	node := d.now[path]
	switch {
	case !d.ours(path) && path != filepath.Dir(d.root):
		return false, nil
	case !e.ends:
		d.asked[e.call] = d.moment
		return false, nil
	}
	since := d.asked[e.call]
	delete(d.asked, e.call)
	if e.call.ret != 0 {
		return false, nil
	}
	if node == nil || node.folder {
		d.syncNames(path, since)
		return true, nil
	}
	var left []*change
	for _, ch := range node.pending {
		if ch.done != 0 && ch.done < since {
			node.synced = ch.on(node.synced)
		} else {
			left = append(left, ch)
		}
	}
	node.pending = left
	return true, nil
}

// on is a file's content with the change.
func (ch *change) on(content []byte) []byte {
	if ch.size >= 0 {
		return resized(content, ch.size)
	}
	if end := ch.offset + int64(len(ch.data)); end > int64(len(content)) && len(ch.data) > 0 {
		content = resized(content, end)
	}
	copy(content[min(ch.offset, int64(len(content))):], ch.data)
	return content
}

func resized(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size] // what grows back is zeros
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

func (d *disk) syncNames(folder string, since int) {
	var left []*change
	for _, ch := range d.names {
		if filepath.Dir(ch.path) == folder && ch.done < since {
			ch.onNames(d.synced)
		} else {
			left = append(left, ch)
		}
	}
	d.names = left
}

func (ch *change) onNames(names map[string]*inode) {
	if ch.node == nil {
		delete(names, ch.path)
	} else {
		names[ch.path] = ch.node
	}
}

func (d *disk) renamed(path string, node *inode) {
	ch := &change{path: path, node: node, done: d.moment}
	ch.onNames(d.now)
	d.names = append(d.names, ch)
}
