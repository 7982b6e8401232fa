package vmsapi

import (
	"sync"
	"time"
)

// window is the minute of the documented limit.
const window = time.Minute

// maxStamps bounds the memory of all users together: 8 MiB a generation.
const maxStamps = 1 << 20

// user names whom a limit counts.
type user struct{ realm, id string }

// limiter allows each user at most limit requests in any 60 seconds, exactly:
// it keeps the times of a user's last limit accepted requests, and the oldest
// must lie a whole window back. Refused requests do not count.
type limiter struct {
	limit    int
	maxUsers int

	mu    sync.Mutex
	users map[user]*stamps
	old   map[user]*stamps // of the generation before; what is not used there for a window is forgotten
	since time.Time        // start of the generation
}

// stamps is a ring that grows to the limit.
type stamps struct {
	at   []int64 // Unix ns
	next int     // the oldest, once the ring is full
}

func newLimiter(limit int) *limiter {
	return &limiter{limit: limit, maxUsers: max(64, maxStamps/limit), users: make(map[user]*stamps)}
}

// take counts a request of u at now, or says how long u must wait.
func (l *limiter) take(u user, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.of(u, now)
	t := now.UnixNano()
	if len(s.at) < l.limit {
		s.at = append(s.at, t)
		return 0
	}
	if wait := time.Duration(s.at[s.next]-t) + window; wait > 0 {
		return min(wait, window) // a clock set back must not lock anybody out
	}
	s.at[s.next] = t
	s.next = (s.next + 1) % len(s.at)
	return 0
}

// of finds u's stamps. Two generations of users keep the memory bounded: one
// who made no request in a whole window has nothing worth remembering.
func (l *limiter) of(u user, now time.Time) *stamps {
	if age := now.Sub(l.since); age >= window || age < 0 || len(l.users) >= l.maxUsers {
		if age >= 2*window {
			l.old = nil
		} else {
			l.old = l.users
		}
		l.users, l.since = make(map[user]*stamps), now
	}
	s, ok := l.users[u]
	if !ok {
		if s, ok = l.old[u]; ok {
			delete(l.old, u)
		} else {
			s = &stamps{}
		}
		l.users[u] = s
	}
	return s
}

// ceilSeconds rounds up, since a client that comes a moment early is refused again.
func ceilSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
