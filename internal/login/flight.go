package login

import (
	"context"
	"sync"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// flight is one guess being judged: a place in the queue, a reservation and one
// hash, shared by every attempt that sends the same password for the same user
// meanwhile. It goes on when its riders leave, unless it still stands in line.
type flight struct {
	id   string // of the reservation
	lead *try   // the attempt that began it
	// certain says that the cache knows another password for this very hash, so
	// the guess is wrong. It must then be counted whatever happens to the
	// flight, or a busy answer would be a free look into the cache.
	certain bool

	ctx    context.Context // ends with the last rider or the service
	cancel context.CancelFunc
	done   chan struct{} // closed when out is set
	out    outcome

	riders int // guarded by flights.mu
}

// flights holds the guesses in flight by failure key, and bounds how many
// different ones of one key there are: the same bound as the policy's, ahead of
// the queue. Without it the cache would answer a thousand parallel guesses
// before the first failure is written.
type flights struct {
	mu     sync.Mutex
	groups map[string]*group
	closed bool // no flight begins any more
}

// group is everything in flight for one failure key. It lives as long as an
// attempt looks at it.
type group struct {
	key     string
	lookers int
	open    map[tag]*flight
	ended   int           // flights that have ended, to notice a failure row read before
	changed chan struct{} // closed when a flight ends
}

func newFlights() *flights { return &flights{groups: map[string]*group{}} }

func (fs *flights) close() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.closed = true
}

// join finds the group of a key; each join needs one part.
func (fs *flights) join(key string) *group {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	g := fs.groups[key]
	if g == nil {
		g = &group{key: key, open: map[tag]*flight{}, changed: make(chan struct{})}
		fs.groups[key] = g
	}
	g.lookers++
	return g
}

func (fs *flights) part(g *group) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if g.lookers--; g.lookers == 0 {
		delete(fs.groups, g.key)
	}
}

func (fs *flights) mark(g *group) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return g.ended
}

// step says what an attempt does next.
type step int

const (
	readAgain  step = iota // the failure row was read before a flight ended
	beWaiting              // in a wait, or locked
	beFull                 // too many unresolved guesses: wait for changed
	beVerified             // the cache knows the password
	ride                   // on the flight
	beClosed               // the service is ending
)

// board decides in one step, under one lock: join an equal guess, be served by
// the cache, or begin a flight; or none of these. The failure row f was read,
// at the store's time at, when mark was the group's.
func (fs *flights) board(g *group, t *try, f iam.Failures, at int64, mark int,
	look func() recall, begin func(certain bool) *flight) (step, *flight, <-chan struct{}) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return beClosed, nil, nil
	}
	if g.ended != mark {
		return readAgain, nil, nil
	}
	policy := t.realm.Guessing
	if policy.Admit(iam.Failures{Locked: f.Locked, WaitUntil: f.WaitUntil}, at) == iam.GuessWaiting {
		return beWaiting, nil, nil
	}
	if fl := g.open[t.guess]; fl != nil {
		fl.riders++
		return ride, fl, nil
	}
	switch policy.AdmitBeside(g.elsewhere(f), len(g.open), at) {
	case iam.GuessWaiting:
		return beWaiting, nil, nil
	case iam.GuessFull:
		return beFull, nil, g.changed
	}
	known := look()
	if known == right {
		return beVerified, nil, nil
	}
	fl := begin(known == mismatch)
	fl.riders = 1
	g.open[t.guess] = fl
	g.lookers++ // the flight itself
	return ride, fl, nil
}

// elsewhere is the row without the reservations of flights in this group.
func (g *group) elsewhere(f iam.Failures) iam.Failures {
	var others []iam.Reservation
	for _, r := range f.Reservations {
		mine := false
		for _, fl := range g.open {
			mine = mine || fl.id == r.ID
		}
		if !mine {
			others = append(others, r)
		}
	}
	f.Reservations = others
	return f
}

// leave is a rider going away before the end; the last one takes the flight out
// of the queue.
func (fs *flights) leave(fl *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fl.riders--; fl.riders == 0 {
		fl.cancel()
	}
}

// end publishes a flight's outcome.
func (fs *flights) end(fl *flight, o outcome) {
	fs.mu.Lock()
	g := fs.groups[fl.lead.key]
	delete(g.open, fl.lead.guess)
	g.ended++
	close(g.changed)
	g.changed = make(chan struct{})
	if g.lookers--; g.lookers == 0 {
		delete(fs.groups, g.key)
	}
	fs.mu.Unlock()
	fl.out = o
	fl.cancel()
	close(fl.done)
}
