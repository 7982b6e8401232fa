package people

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// World is what people share: where the server is, what was acknowledged, and
// what was wrong.
type World struct {
	// Address is the server's host and port, Admin the path of its socket.
	Address, Admin string
	// Alone makes everybody do one thing at a time, and nobody steal.
	Alone bool
	// Era counts the server's processes, where somebody cares.
	Era int
	// Keep, where set, is told of every token: its jti and its text.
	Keep func(id, raw string)

	base time.Time

	mu       sync.Mutex
	done     map[string]int
	lost     map[string]int
	expected []Expected
	wrong    []string

	violations, unknown, busy atomic.Int64
	histories, operations     atomic.Int64
}

// Expected is the event of an acknowledged act.
type Expected struct {
	Type, User, Session string
	// Detail is one value among the event's details; "" for none.
	Detail string
}

// NewWorld makes a world in which nothing has happened.
func NewWorld(address, admin string) *World {
	return &World{Address: address, Admin: admin, base: time.Now(), done: map[string]int{}, lost: map[string]int{}}
}

// Now is the time in Unix ns. It never steps back.
func (w *World) Now() int64 { return w.base.UnixNano() + int64(time.Since(w.base)) }

// acknowledged counts an act and keeps the events it must have left.
func (w *World) acknowledged(act string, events ...Expected) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[act]++
	w.expected = append(w.expected, events...)
}

// Done is how many acts of each kind were acknowledged.
func (w *World) Done() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.done)
}

// Lost is how many acts of each kind nobody knows the outcome of.
func (w *World) Lost() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.lost)
}

// tried counts an operation, and one whose outcome is open by its kind.
func (w *World) tried(act string, o history.Outcome) {
	w.operations.Add(1)
	if o == history.Unknown {
		w.mu.Lock()
		w.lost[act]++
		w.mu.Unlock()
	}
}

// TakeExpected hands out the events that must be there by now.
func (w *World) TakeExpected() []Expected {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.expected
	w.expected = nil
	return out
}

// Wrong notes something that must not be.
func (w *World) Wrong(format string, args ...any) {
	w.violations.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrong) < 100 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
}

// TakeWrong hands out what was noted since the last call.
func (w *World) TakeWrong() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.wrong
	w.wrong = nil
	return out
}

// Counts are the sums of a run.
type Counts struct {
	Violations int64 `json:"violations"`
	// Unknown acts had no answer; Busy ones were put off by the server.
	Unknown int64 `json:"unknown"`
	Busy    int64 `json:"busy"`
	// Histories is how many families were explained from login to end.
	Histories  int64 `json:"histories"`
	Operations int64 `json:"operations"`
}

// Counts are the sums so far.
func (w *World) Counts() Counts {
	return Counts{w.violations.Load(), w.unknown.Load(), w.busy.Load(), w.histories.Load(), w.operations.Load()}
}
