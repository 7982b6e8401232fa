package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// askState is the one question to the store that everybody shares.
type askState struct {
	mu sync.Mutex
	q  *question // the running one; nil: none

	// confirmed is when (Unix ns) the last successful read began: the feed
	// holds all that was committed before. 0: never.
	confirmed atomic.Int64
	// failedAt is when (Unix ns) the store first failed to confirm a feed that
	// was no longer fresh; 0: it has not.
	failedAt atomic.Int64
	lastFail atomic.Int64 // Unix ns
}

type question struct {
	done chan struct{} // closed when err is set
	err  error
}

var errAskSlow = errors.New("the store did not answer in time")

// ask reads the feed's news. Only one question is open at a time: whoever asks
// meanwhile shares its answer, which comes within askLimit even when the store
// never does.
func (f *Feed) ask(ctx context.Context) error { return f.askWithin(ctx, askLimit) }

func (f *Feed) askWithin(ctx context.Context, limit time.Duration) error {
	a := &f.asking
	a.mu.Lock()
	q := a.q
	if q == nil {
		q = &question{done: make(chan struct{})}
		a.q = q
		go f.question(context.WithoutCancel(ctx), q, limit)
	}
	a.mu.Unlock()
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// question settles q by the store's answer or by the limit, whichever is first,
// and stays the open question until the store really returned.
func (f *Feed) question(ctx context.Context, q *question, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := f.Clock.Now()
	late := context.AfterFunc(ctx, func() { f.settle(q, began, errAskSlow) })
	f.mu.RLock()
	last := f.last
	f.mu.RUnlock()
	revs, err := f.Read(ctx, last)
	if err == nil { // even when late: news is news
		f.Apply(revs...)
		f.advance(revs)
	}
	if late() {
		f.settle(q, began, err)
	} else {
		<-q.done
	}
	f.asking.mu.Lock()
	f.asking.q = nil
	f.asking.mu.Unlock()
}

// settle records and publishes the outcome of q; it is called once per question.
func (f *Feed) settle(q *question, began time.Time, err error) {
	a := &f.asking
	if err == nil {
		a.confirmed.Store(began.UnixNano())
		a.failedAt.Store(0)
	} else {
		now := f.Clock.Now()
		a.lastFail.Store(now.UnixNano())
		if f.Age(now) >= freshFor {
			a.failedAt.CompareAndSwap(0, now.UnixNano())
		}
	}
	q.err = err
	close(q.done)
}

func (f *Feed) advance(revs []iam.Revocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range revs {
		f.last = max(f.last, r.Seq)
	}
}

// Age is how long the feed has been unconfirmed; a feed never loaded is as old
// as can be.
func (f *Feed) Age(now time.Time) time.Duration {
	t := f.asking.confirmed.Load()
	if t == 0 {
		return 1<<63 - 1
	}
	return time.Duration(now.UnixNano() - t)
}

// Confirmed returns nil when the feed may be relied on for a call at now. A
// stale feed asks the store. When that fails, a remembered token is still
// answered, without a further question, while the grace lasts; else the error
// is oauth.Unavailable.
func (f *Feed) Confirmed(ctx context.Context, now time.Time, remembered bool) error {
	if f.Age(now) < freshFor {
		return nil
	}
	return f.confirmStale(ctx, now, remembered)
}

func (f *Feed) confirmStale(ctx context.Context, now time.Time, remembered bool) error {
	if remembered && f.graceAt(now) {
		return nil
	}
	// Soon after a failure another question would only make the caller wait for
	// the same answer.
	if d := now.UnixNano() - f.asking.lastFail.Load(); f.asking.failedAt.Load() != 0 && d >= 0 && d < int64(askLimit) {
		return unavailable(errAskSlow)
	}
	err := f.ask(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return unavailable(ctx.Err())
	case remembered && f.graceAt(f.Clock.Now()):
		return nil
	}
	return unavailable(err)
}

// graceAt says whether the store failed us, but not for longer than the grace.
func (f *Feed) graceAt(now time.Time) bool {
	t := f.asking.failedAt.Load()
	return t != 0 && now.UnixNano()-t <= int64(f.Grace)
}

// Ready is the readiness check: an error when the feed has been unconfirmed
// for more than three seconds.
func (f *Feed) Ready(context.Context) error {
	if age := f.Age(f.Clock.Now()); age > unreadyAfter {
		return fmt.Errorf("revocation feed unconfirmed for more than %v", unreadyAfter)
	}
	return nil
}

func unavailable(cause error) error {
	return &oauth.Error{Fault: oauth.Unavailable, RetryAfter: 1, Cause: cause}
}
