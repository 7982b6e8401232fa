package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

// maxBatch bounds one transaction, and with it how long its first caller waits
// for the last one's statements.
const maxBatch = 128

// committer owns the writing connection. One goroutine, run, uses it.
type committer struct {
	file   *file
	now    func() time.Time
	fault  *fault
	points *checkpointer
	log    *slog.Logger
	told   func(writes int, took time.Duration, ok bool)
	wound  atomic.Pointer[wound]

	mu       sync.RWMutex // held for reading while sending to queue
	closed   bool
	queue    chan *request
	finished chan struct{}

	conn  *conn // nil after trouble, until the next batch opens one
	batch []*request
}

func newCommitter(f *file, first *conn, fault *fault, points *checkpointer, o Options) *committer {
	c := &committer{
		file: f, now: o.Now, fault: fault, points: points, log: o.Log, told: o.Committed,
		queue: make(chan *request, o.Queue), finished: make(chan struct{}),
		conn: first, batch: make([]*request, 0, maxBatch),
	}
	go c.run()
	return c
}

// request is one caller's write.
type request struct {
	fn     func(sqlstore.Tx) error
	state  atomic.Int32
	answer error      // the request's own outcome, told once the batch is durable
	done   chan error // takes one
}

const (
	waiting int32 = iota
	taken
	abandoned
)

// do hands fn to the committer and waits for its outcome, but not longer than ctx.
func (c *committer) do(ctx context.Context, fn func(sqlstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	r := &request{fn: fn, done: make(chan error, 1)}
	if err := c.enqueue(r); err != nil {
		return unavailable(err)
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		r.state.CompareAndSwap(waiting, abandoned) // not begun: then it never is
		return unavailable(ctx.Err())
	}
}

func (c *committer) enqueue(r *request) error {
	if err := c.fault.err(); err != nil {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return errClosed
	}
	select {
	case c.queue <- r:
		return nil
	default:
		return errQueue
	}
}

// close lets the waiting requests finish and ends the goroutine.
func (c *committer) close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	c.mu.Unlock()
	<-c.finished
	return nil
}

func (c *committer) run() {
	defer close(c.finished)
	for r := range c.queue {
		// Where more is ready to run than there are cores, whoever is about to
		// write gets there first, and one sync serves them all.
		runtime.Gosched()
		c.commitBatch(r)
		c.restartWAL()
	}
	c.drop()
}

// commitBatch runs first and what waits behind it in one transaction.
func (c *committer) commitBatch(first *request) {
	c.batch = c.batch[:0]
	start := c.now()
	err := c.fault.err()
	for r := first; r != nil; r = c.next() {
		if !r.state.CompareAndSwap(waiting, taken) {
			continue
		}
		c.batch = append(c.batch, r)
		if len(c.batch) == 1 && err == nil {
			err = c.begin()
		}
		if err == nil {
			err = c.apply(r)
		}
		if err != nil {
			break
		}
	}
	if err == nil && len(c.batch) > 0 {
		err = c.commit()
	}
	if err != nil {
		c.abort(err)
	}
	if c.told != nil && len(c.batch) > 0 {
		c.told(len(c.batch), c.now().Sub(start), err == nil)
	}
	for i, r := range c.batch {
		if err != nil {
			r.answer = unavailable(err)
		}
		r.done <- r.answer
		c.batch[i] = nil
	}
}

// next is a request that waits, or nil when the batch is complete.
func (c *committer) next() *request {
	if len(c.batch) >= maxBatch {
		return nil
	}
	select {
	case r := <-c.queue: // nil when closed and empty
		return r
	default:
		return nil
	}
}

func (c *committer) begin() error {
	if c.conn == nil {
		conn, err := c.file.open(context.Background(), writing)
		if err != nil {
			return fmt.Errorf("reopening: %w", err)
		}
		c.conn = conn
	}
	_, err := c.conn.exec("begin immediate")
	return err
}

// apply runs one request. What it wrote is undone when it has no answer but an
// error; an error of apply's own is trouble that ends the batch. The first of a
// batch needs no savepoint, since nobody's writes come before its own.
func (c *committer) apply(r *request) error {
	undo := "rollback to request"
	if len(c.batch) == 1 {
		undo = "rollback"
	} else if _, err := c.conn.exec("savepoint request"); err != nil {
		return err
	}
	answer, answered := verdict(c.call(r.fn))
	if !answered {
		return answer
	}
	r.answer = answer
	if answer != nil {
		if _, err := c.conn.exec(undo); err != nil {
			return err
		}
		if len(c.batch) == 1 {
			return c.begin()
		}
	}
	if len(c.batch) == 1 {
		return nil
	}
	_, err := c.conn.exec("release request")
	return err
}

// call keeps the committer alive when a fact panics.
func (c *committer) call(fn func(sqlstore.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx{c.conn, c.now().UnixMilli()})
}

func (c *committer) commit() error {
	if _, err := c.conn.exec("commit"); err != nil {
		return err
	}
	// The fault may come from a checkpoint that ran beside this commit, whose
	// own sync then proves nothing.
	if err := c.fault.err(); err != nil {
		return err
	}
	c.points.wrote()
	return nil
}

// abort gives up the batch and the connection with all its state.
func (c *committer) abort(cause error) {
	if syncFailed(cause) {
		c.fault.raise(cause)
	}
	if diskFailed(cause) {
		c.wound.Store(&wound{cause, c.now()})
	}
	c.log.LogAttrs(context.Background(), slog.LevelError, "a batch of writes failed",
		slog.Int("writes", len(c.batch)), slog.String("error", cause.Error()))
	c.drop()
}

// wound is a batch that the disk did not take.
type wound struct {
	cause error
	at    time.Time
}

// woundHurts is how long after it the store says that it cannot be written.
const woundHurts = 2 * time.Second

// hurt is the cause of a wound that is fresh, or nil.
func (c *committer) hurt() error {
	w := c.wound.Load()
	if w == nil {
		return nil
	}
	if since := c.now().Sub(w.at); since < 0 || since >= woundHurts {
		return nil
	}
	return fmt.Errorf("a batch of writes failed: %w", w.cause)
}

// restartWAL copies the rest of a WAL that grew too large while no write runs,
// so that the next one starts it over: beside writes that never pause the
// checkpointer cannot catch up.
func (c *committer) restartWAL() {
	if c.conn == nil || !c.points.behind.CompareAndSwap(true, false) {
		return
	}
	if _, _, err := checkpoint(c.conn); err != nil {
		c.points.failed(err)
		c.drop()
	}
}

// drop closes the connection, unless a sync failed: closing the last one
// copies the WAL into the database, and no such write may follow.
func (c *committer) drop() {
	if c.conn == nil || c.fault.err() != nil {
		return
	}
	if err := c.conn.close(); err != nil && !errors.Is(err, context.Canceled) {
		c.log.LogAttrs(context.Background(), slog.LevelWarn, "closing the writing connection", slog.String("error", err.Error()))
	}
	c.conn = nil
}
