package iam

import (
	"crypto/subtle"
	"slices"
)

// GuessPolicy bounds the guessing of passwords. The zero value is Usher's own
// policy; Keycloak true selects Keycloak's arithmetic with the fields below.
type GuessPolicy struct {
	// Off switches counting off altogether; only our own setting does.
	Off bool `json:"off,omitempty"`
	// Keycloak is a realm file's bruteForceProtected: true.
	Keycloak              bool   `json:"keycloak,omitempty"`
	PermanentLockout      bool   `json:"permanentLockout,omitempty"`
	MaxTemporaryLockouts  int    `json:"maxTemporaryLockouts,omitempty"`
	Strategy              string `json:"strategy,omitempty"` // MULTIPLE or LINEAR
	FailureFactor         int    `json:"failureFactor,omitempty"`
	WaitIncrement         int    `json:"waitIncrement,omitempty"`         // s
	MaxFailureWait        int    `json:"maxFailureWait,omitempty"`        // s
	MaxDeltaTime          int    `json:"maxDeltaTime,omitempty"`          // s
	QuickLoginCheck       int    `json:"quickLoginCheck,omitempty"`       // ms
	MinimumQuickLoginWait int    `json:"minimumQuickLoginWait,omitempty"` // s
}

// Failures is the failure row of one user (known or unknown name).
type Failures struct {
	Count        int
	LastAt       int64  // Unix ms
	WaitUntil    int64  // Unix ms; logins before are refused without a hash
	Lockouts     int    // temporary lockouts so far
	Locked       bool   // until reset by an operator
	LastTag      []byte // keyed tag of the last wrong password
	Reservations []Reservation
	Rev          int64 // 0: no row
}

// Reservation is an attempt whose hash is running.
type Reservation struct {
	ID string `json:"id"`
	At int64  `json:"at"` // Unix ms
}

// Usher's own guessing policy, and what both policies share.
const (
	guessesBeforeWait = 10
	guessesBeforeLock = 100
	firstGuessWait    = 60_000      // ms
	longestGuessWait  = 15 * 60_000 // ms
	// ReservationLife is how long, in ms, an attempt may stay unresolved before
	// it counts as a failure: its node is dead.
	ReservationLife = 10_000
	// SameGuessWindow is how long, in ms, the same wrong password counts once:
	// golang.org/x/oauth2 sends every refused request a second time.
	SameGuessWindow = 10_000
)

// Admission is what a failure row says to one more attempt.
type Admission int

// The three answers. Full means that the failures and the attempts still
// unresolved would together start a wait: one more must first see them resolve.
const (
	GuessAllowed Admission = iota
	GuessWaiting
	GuessFull
)

// Admit says whether one more attempt may be judged at time now (Unix ms).
// Full is decided by assuming that every open reservation fails, so parallel
// attempts never outrun a policy, whichever it is (CVE-2024-4629).
func (p GuessPolicy) Admit(f Failures, now int64) Admission {
	return p.AdmitBeside(f, 0, now)
}

// AdmitBeside is Admit with further unresolved attempts that have no
// reservation in the row yet.
func (p GuessPolicy) AdmitBeside(f Failures, further int, now int64) Admission {
	if p.Off {
		return GuessAllowed
	}
	f = p.expire(f, now)
	if f.waiting(now) {
		return GuessWaiting
	}
	for range len(f.Reservations) + further {
		f = p.count(f, nil, now)
		if f.waiting(now) {
			return GuessFull
		}
	}
	return GuessAllowed
}

// Reserve adds the attempt id to the row. Call it only after Admit.
func (p GuessPolicy) Reserve(f Failures, id string, now int64) Failures {
	f = p.expire(f, now)
	f.Reservations = append(slices.Clip(f.Reservations), Reservation{ID: id, At: now})
	return f
}

// Release gives a reservation back: the password was right, or it was not
// judged after all.
func (p GuessPolicy) Release(f Failures, id string, now int64) Failures {
	f.Reservations = without(f.Reservations, id)
	return p.expire(f, now)
}

// Fail resolves a reservation as a failure. It counts even when the reservation
// is gone (a good login beside it cleared the row); the same tag as the last
// one counts once within SameGuessWindow. A nil tag equals nothing.
func (p GuessPolicy) Fail(f Failures, id string, tag []byte, now int64) Failures {
	f = p.Release(f, id, now)
	if p.Off || f.sameGuess(tag, now) {
		return f
	}
	return p.count(f, tag, now)
}

// Recorded says whether the row holds anything that a good login must clear.
func (f Failures) Recorded() bool {
	return f.Count > 0 || f.Lockouts > 0 || f.WaitUntil > 0 || f.Locked
}

func (f Failures) waiting(now int64) bool { return f.Locked || now < f.WaitUntil }

func (f Failures) sameGuess(tag []byte, now int64) bool {
	return len(tag) > 0 && subtle.ConstantTimeCompare(tag, f.LastTag) == 1 &&
		now >= f.LastAt && now-f.LastAt < SameGuessWindow
}

// expire turns reservations that nobody resolved in time into failures.
func (p GuessPolicy) expire(f Failures, now int64) Failures {
	var open []Reservation
	dead := 0
	for _, r := range f.Reservations {
		if now-r.At > ReservationLife {
			dead++
		} else {
			open = append(open, r)
		}
	}
	f.Reservations = open
	for range dead {
		if !p.Off {
			f = p.count(f, nil, now)
		}
	}
	return f
}

// count adds one failure.
func (p GuessPolicy) count(f Failures, tag []byte, now int64) Failures {
	if p.Keycloak {
		return p.countKeycloak(f, tag, now)
	}
	f.Count++
	f.LastAt = now
	f.LastTag = tag
	if f.Count >= guessesBeforeLock {
		f.Locked = true
	}
	if f.Count >= guessesBeforeWait {
		f.WaitUntil = now + doubled(firstGuessWait, f.Count-guessesBeforeWait, longestGuessWait)
	}
	return f
}

// countKeycloak is the arithmetic of Keycloak's brute force protector. A wait
// that only the quick-login check imposed is no temporary lockout.
func (p GuessPolicy) countKeycloak(f Failures, tag []byte, now int64) Failures {
	before := f.LastAt
	if before > 0 && now-before > int64(p.MaxDeltaTime)*1000 {
		f.Count, f.Lockouts, f.WaitUntil = 0, 0, 0
	}
	f.Count++
	f.LastAt = now
	f.LastTag = tag

	wait := p.keycloakWait(f.Count)
	quick := wait == 0 && before > 0 && now-before < int64(p.QuickLoginCheck)
	if quick {
		wait = int64(p.MinimumQuickLoginWait)
	}
	if wait > 0 {
		f.WaitUntil = now + min(wait, int64(p.MaxFailureWait))*1000
		if !quick {
			f.Lockouts++
		}
	}
	if p.PermanentLockout {
		if p.MaxTemporaryLockouts == 0 && f.Count >= p.factor() ||
			p.MaxTemporaryLockouts > 0 && f.Lockouts > p.MaxTemporaryLockouts {
			f.Locked = true
		}
	}
	return f
}

// keycloakWait is the wait in seconds that the count alone imposes.
func (p GuessPolicy) keycloakWait(count int) int64 {
	factor := p.factor()
	if p.Strategy == "LINEAR" {
		return int64(p.WaitIncrement) * int64(max(0, 1+count-factor))
	}
	return int64(p.WaitIncrement) * int64(count/factor)
}

// factor guards the division against a file that says 0 or less.
func (p GuessPolicy) factor() int { return max(1, p.FailureFactor) }

// doubled is first doubled n times, at most most.
func doubled(first int64, n int, most int64) int64 {
	for range n {
		if first >= most {
			return most
		}
		first *= 2
	}
	return min(first, most)
}

func without(list []Reservation, id string) []Reservation {
	var rest []Reservation
	for _, r := range list {
		if r.ID != id {
			rest = append(rest, r)
		}
	}
	return rest
}
