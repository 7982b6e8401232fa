package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

// readers is the pool of reading connections. A slot holds a connection, or
// nil where none was opened yet or the last one was given up.
type readers struct {
	file  *file
	now   func() int64
	slots chan *conn
	ended chan struct{}
	once  sync.Once
}

func newReaders(f *file, now func() int64, n int) *readers {
	r := &readers{file: f, now: now, slots: make(chan *conn, n), ended: make(chan struct{})}
	for range n {
		r.slots <- nil
	}
	return r
}

// do runs fn on a connection of its own. A read is short and runs to its end;
// ctx ends the wait for a connection.
func (r *readers) do(ctx context.Context, whole bool, fn func(sqlstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	select {
	case <-r.ended:
		return unavailable(errClosed)
	default:
	}
	var c *conn
	select {
	case c = <-r.slots:
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-r.ended:
		return unavailable(errClosed)
	}
	usable := false
	defer func() {
		if c != nil && !usable { // also when fn panics
			c.close()
			c = nil
		}
		r.slots <- c
	}()
	if c == nil {
		var err error
		if c, err = r.file.open(context.Background(), reading); err != nil {
			return unavailable(fmt.Errorf("opening a reader: %w", err))
		}
	}
	var err error
	if whole {
		err = snapshot(c, tx{c, r.now()}, fn)
	} else {
		err = fn(tx{c, r.now()})
	}
	answer, answered := verdict(err)
	usable = answered
	return answer
}

// snapshot runs fn inside one read transaction.
func snapshot(c *conn, t tx, fn func(sqlstore.Tx) error) error {
	if _, err := c.exec("begin"); err != nil {
		return err
	}
	err := fn(t)
	if _, end := c.exec("rollback"); end != nil {
		return errors.Join(err, end)
	}
	return err
}

// close waits for the running reads and closes the connections.
func (r *readers) close() error {
	r.once.Do(func() {
		close(r.ended)
		for range cap(r.slots) {
			if c := <-r.slots; c != nil {
				c.close()
			}
		}
	})
	return nil
}
