package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// traced are the calls that change files, and those that would without being
// understood here, so that they are noticed.
const traced = "open,openat,creat,mkdir,mkdirat,unlink,unlinkat,rmdir,rename,renameat,renameat2," +
	"write,pwrite64,ftruncate,fsync,fdatasync,mmap," +
	"writev,pwritev,pwritev2,truncate,fallocate,link,linkat,symlink,symlinkat,sync_file_range,copy_file_range,sendfile,splice,msync"

// recording is what a server did to its folder while people used it.
type recording struct {
	root    string // the data folder
	unlock  func(sealed []byte) (root, store []byte, err error)
	events  []event
	stories []people.Story
	acks    map[string][]int // by era and connection: where each answer began
	tokens  map[string]string
	address string
}

// record runs a server twice over one folder, first until it is killed, then
// until it is asked to stop.
func (p *plan) record(ctx context.Context, dir string, seed uint64) (*recording, error) {
	realms, policies := filepath.Join(dir, "realms.json"), people.Realms()
	for i := range policies {
		policies[i].Idle = 10 * time.Hour // they are looked at long after
	}
	if err := people.WriteRealms(realms, policies, p.people); err != nil {
		return nil, err
	}
	o := rig.Options{Dir: dir, RealmFile: realms, Settings: "trusted_proxies: [127.0.0.1]\ndrain_delay: 0s\n"}
	var err error
	if o.Address, err = rig.FreeAddress(); err != nil {
		return nil, err
	}
	rec := &recording{root: filepath.Join(dir, "data"), acks: map[string][]int{}, tokens: map[string]string{}, address: o.Address}
	w := people.NewWorld(o.Address, filepath.Join(rec.root, "admin.sock"))
	w.Alone = true
	var mu sync.Mutex
	w.Keep = func(id, raw string) {
		mu.Lock()
		rec.tokens[id] = raw
		mu.Unlock()
	}
	all := people.NewPeople(w, p.people, seed)
	for w.Era = range 2 {
		last := w.Era == 1
		trace := filepath.Join(dir, fmt.Sprint("trace", w.Era))
		if err := p.live(ctx, o, trace, all, last); err != nil {
			return nil, err
		}
		if err := rec.read(trace, w.Era); err != nil {
			return nil, err
		}
		for _, person := range all {
			person.Accident(w.Now())
		}
	}
	if rec.unlock, err = rig.Unlock(dir); err != nil {
		return nil, err
	}
	for _, person := range all {
		rec.stories = append(rec.stories, person.Story())
	}
	if wrong := w.TakeWrong(); len(wrong) > 0 {
		return nil, fmt.Errorf("while recording: %s", wrong[0])
	}
	return rec, nil
}

// live runs the server under the tracer for a while. Everybody has an answer
// when it ends.
func (p *plan) live(ctx context.Context, o rig.Options, trace string, all []*people.Person, gently bool) error {
	o.Wrap = []string{"strace", "-f", "--seccomp-bpf", "-yy", "-xx", "-s", "16777216", "-qq", "-e", "trace=" + traced, "-o", trace}
	s, err := rig.StartUsher(ctx, p.binary, o)
	if err != nil {
		return err
	}
	working, stop := context.WithTimeout(ctx, p.seconds/2)
	defer stop()
	var group sync.WaitGroup
	for _, person := range all {
		group.Go(func() { person.Live(working) })
	}
	group.Wait()
	signal := syscall.SIGKILL
	if gently {
		signal = syscall.SIGTERM
	}
	pid, err := serverOf(filepath.Join(o.Dir, "data"))
	if err == nil {
		err = syscall.Kill(pid, signal)
	}
	if err != nil {
		s.Kill()
		return err
	}
	select {
	case <-s.Done:
		return nil
	case <-time.After(time.Minute):
		_ = syscall.Kill(pid, syscall.SIGKILL) // the tracer's end would leave it running
		s.Kill()
		return fmt.Errorf("the server did not end:\n%s", s.Talk)
	}
}

// serverOf is the process that holds a data folder, which the tracer started.
func serverOf(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "lock"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(line)
}

// read takes one trace and finds the answers in it.
func (rec *recording) read(path string, era int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	events, err := readTrace(f)
	if err != nil {
		return err
	}
	for i, e := range events {
		if e.ends || e.call.name != "write" {
			continue
		}
		args := &fields{e.call.args}
		to := peerOf(args.fd())
		if to == "" || !strings.HasPrefix(args.s, answerBegins) {
			continue
		}
		by := fmt.Sprintf("%d:%s", era, to)
		rec.acks[by] = append(rec.acks[by], len(rec.events)+i)
	}
	rec.events = append(rec.events, events...)
	return os.Remove(path)
}

// answerBegins is how the trace writes the beginning of an answer: "HTTP/1.1 .
const answerBegins = `"\x48\x54\x54\x50\x2f\x31\x2e\x31\x20`

// peerOf is the other side of a connection as rig.Conn.Name calls it, "" for
// anything that is none: TCP:[127.0.0.1:8080->127.0.0.1:40000] or
// UNIX-STREAM:[123->456,…].
func peerOf(name string) string {
	kind, ends, ok := strings.Cut(name, ":[")
	_, peer, linked := strings.Cut(ends, "->")
	if !ok || !linked {
		return ""
	}
	if i := strings.IndexAny(peer, ",]"); i >= 0 {
		peer = peer[:i]
	}
	if strings.HasPrefix(kind, "TCP") {
		peer = peer[strings.LastIndexByte(peer, ':')+1:]
	}
	return peer
}
