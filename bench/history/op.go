package history

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what was done.
type Kind string

const (
	Login        Kind = "login"         // Next is the first refresh token
	Refresh      Kind = "refresh"       // Token was presented; Next is the answer
	End          Kind = "end"           // logout, revocation of a refresh token, change of password
	RevokeAccess Kind = "revoke access" // Token names the access token
	Disable      Kind = "disable"       // of the user
	Enable       Kind = "enable"
	AskRefresh   Kind = "ask refresh" // introspection of a refresh token
	AskAccess    Kind = "ask access"  // introspection or userinfo of an access token
	CallAPI      Kind = "call API"    // with an access token
)

// Outcome is what the client was told.
type Outcome string

const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown" // no answer, or one that leaves it open
)

// Token names a token: its generation in the family and its jti.
type Token struct {
	Gen int64
	ID  string
}

func (t Token) String() string {
	if t.ID == "" {
		return "-"
	}
	return fmt.Sprintf("%d/%.8s", t.Gen, t.ID)
}

// Op is one operation on a family.
type Op struct {
	Kind    Kind
	Outcome Outcome
	// Call and Return are Unix ns. Return is 0 for an unknown outcome until
	// Settle names the moment after which it cannot happen any more.
	Call, Return int64
	// Token was presented: of a refresh token, or of an access token.
	Token Token
	// IssuedAt is the access token's, in Unix s.
	IssuedAt int64
	// Next is the refresh token of the answer.
	Next Token
	// Theft marks a presentation that must end the family.
	Theft bool
	// By is the client's connection, Seq the number of the answer on it.
	By  string
	Seq int
	// Note is for people.
	Note string
}

func (o Op) String() string {
	var b strings.Builder
	at := func(ns int64) string {
		if ns == 0 {
			return "open"
		}
		return time.Unix(0, ns).UTC().Format("05.000000")
	}
	fmt.Fprintf(&b, "%s-%s %-13s %s", at(o.Call), at(o.Return), o.Kind, o.Token)
	if o.IssuedAt != 0 {
		fmt.Fprintf(&b, " issued %d", o.IssuedAt)
	}
	fmt.Fprintf(&b, " -> %s", o.Outcome)
	if o.Next != (Token{}) {
		fmt.Fprintf(&b, " %s", o.Next)
	}
	if o.Theft {
		b.WriteString(" (stolen)")
	}
	if o.Note != "" {
		fmt.Fprintf(&b, "  [%s]", o.Note)
	}
	return b.String()
}

// Family is what is fixed at login.
type Family struct {
	ID       string
	Rotating bool
	// Window is for how long a used token still converges.
	Window time.Duration
	// UntilUsed: a lost answer may be replaced until its refresh token was
	// presented; else until an access token of it was seen.
	UntilUsed bool
}

// Log is the history of one family. It may be added to by several goroutines.
type Log struct {
	Family Family
	mu     sync.Mutex
	ops    []Op
}

// Add appends operations.
func (l *Log) Add(ops ...Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ops = append(l.ops, ops...)
}

// Settle says that what had no outcome by now has happened or never will.
func (l *Log) Settle(at int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ops {
		if l.ops[i].Return == 0 {
			l.ops[i].Return = max(at, l.ops[i].Call) // it may have been tried after the end
		}
	}
}

// Ops is a copy of the history in the order of the calls.
func (l *Log) Ops() []Op {
	l.mu.Lock()
	ops := slices.Clone(l.ops)
	l.mu.Unlock()
	slices.SortStableFunc(ops, func(a, b Op) int { return int(a.Call - b.Call) })
	return ops
}

// Len is the number of operations so far.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ops)
}

// String is the whole history, one operation a line.
func (l *Log) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "family %s rotating %v window %v until used %v\n", l.Family.ID, l.Family.Rotating, l.Family.Window, l.Family.UntilUsed)
	for _, o := range l.Ops() {
		fmt.Fprintf(&b, "  %s\n", o)
	}
	return b.String()
}
