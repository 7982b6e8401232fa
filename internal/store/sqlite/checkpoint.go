package sqlite

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// checkpointPause is the least time between two checkpoints: rare enough
	// to cost little, often enough that each has little to copy.
	checkpointPause = 500 * time.Millisecond
	// walFrames is the size (in pages of 4 KiB: 16 MiB) at which the committer
	// pauses to let the WAL start over.
	walFrames = 4096
	// readerPause is the time until the next try while somebody, such as a backup,
	// reads what is older than the WAL: each try sorts all that is in it, and none
	// can get further before he ends.
	readerPause = 5 * time.Second
)

// checkpointer copies the WAL into the database beside the writes, so that no
// commit has to. It sleeps while nothing is written.
type checkpointer struct {
	file   *file
	fault  *fault
	log    *slog.Logger
	behind atomic.Bool  // the WAL is larger than walFrames, and can be made smaller
	copied atomic.Int64 // pages of the WAL that the last checkpoint found copied
	held   atomic.Bool  // by a reader: it found no more copied than the one before
	secret atomic.Bool  // the WAL holds what is to be gone

	dirty    chan struct{}
	stop     chan struct{}
	once     sync.Once
	finished chan struct{}
}

func newCheckpointer(f *file, fault *fault, log *slog.Logger) *checkpointer {
	p := &checkpointer{file: f, fault: fault, log: log,
		dirty: make(chan struct{}, 1), stop: make(chan struct{}), finished: make(chan struct{})}
	go p.run()
	return p
}

// wrote says that a commit happened.
func (p *checkpointer) wrote() {
	select {
	case p.dirty <- struct{}{}:
	default:
	}
}

func (p *checkpointer) close() error {
	p.once.Do(func() { close(p.stop) })
	<-p.finished
	return nil
}

func (p *checkpointer) run() {
	defer close(p.finished)
	timer := time.NewTimer(checkpointPause)
	defer timer.Stop()
	var c *conn
	defer func() {
		if c != nil && p.fault.err() == nil {
			c.close()
		}
	}()
	for {
		select {
		case <-p.stop:
			return
		case <-p.dirty:
		}
		pause := checkpointPause
		if p.held.Load() {
			pause = readerPause
		}
		timer.Reset(pause)
		select {
		case <-p.stop:
			return
		case <-timer.C:
		}
		if p.fault.err() != nil {
			return
		}
		c = p.checkpoint(c)
	}
}

// checkpoint copies what it can and returns the connection to use next time.
func (p *checkpointer) checkpoint(c *conn) *conn {
	if c == nil {
		var err error
		if c, err = p.file.open(context.Background(), copying); err != nil {
			p.failed(err)
			return nil
		}
	}
	frames, copied, err := checkpoint(c)
	if err != nil {
		p.failed(err)
		if p.fault.err() == nil {
			c.close()
		}
		return nil
	}
	held := copied < frames && copied == p.copied.Swap(copied)
	p.held.Store(held)
	p.behind.Store(frames > walFrames && !held)
	switch {
	case !p.secret.Load():
		return c
	case held: // emptying would keep every commit waiting, in vain
		p.wrote()
		return c
	}
	if err := p.empty(c); err != nil {
		p.failed(err)
		if p.fault.err() == nil {
			c.close()
		}
		return nil
	}
	return c
}

// forget has the WAL emptied: what was deleted or replaced in the database is
// still in there. It is tried at once, and again until it works: somebody may
// be reading what is older.
func (p *checkpointer) forget() {
	p.secret.Store(true)
	p.wrote()
	if p.fault.err() != nil {
		return
	}
	c, err := p.file.open(context.Background(), copying)
	if err == nil {
		err = p.empty(c)
	}
	if err != nil {
		p.failed(err)
	}
	if c != nil && p.fault.err() == nil {
		c.close()
	}
}

// empty copies the WAL into the database and cuts it to nothing, if nobody
// needs it for longer than a commit may well wait.
func (p *checkpointer) empty(c *conn) error {
	if _, err := c.exec("pragma busy_timeout = 100"); err != nil {
		return err
	}
	p.secret.Store(false) // whoever writes meanwhile sets it again
	var busy, frames, copied int64
	err := c.queryRow("pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &copied)
	if err != nil || busy != 0 {
		p.secret.Store(true)
		p.wrote()
	}
	return err
}

func (p *checkpointer) failed(err error) {
	if syncFailed(err) {
		p.fault.raise(err)
		return
	}
	p.log.LogAttrs(context.Background(), slog.LevelWarn, "checkpoint failed", slog.String("error", err.Error()))
}

// checkpoint copies as much of the WAL as goes without waiting, and tells how
// many pages are in it, and how many of them are copied.
func checkpoint(c *conn) (frames, copied int64, err error) {
	var busy int64
	err = c.queryRow("pragma wal_checkpoint(passive)").Scan(&busy, &frames, &copied)
	return frames, copied, err
}
