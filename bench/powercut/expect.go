package main

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/seed-a6a28e10/usher/bench/history"
	"github.com/seed-a6a28e10/usher/bench/people"
)

// facts are what a person's acts have made true; what is compared with the store.
type facts struct {
	epoch    int64 // changes of password and closings of the account
	password string
	disabled bool
	// sessions that live, by id, and the generation of their newest token.
	sessions map[string]int64
	// newest is the jti of each session's newest refresh token.
	newest map[string]string
	// refused are the access tokens and the sessions that are not to be accepted.
	refused map[string]bool
	// events are the types of those about each session or the user, counted.
	events map[string]int
}

func (f facts) clone() facts {
	f.sessions, f.newest = maps.Clone(f.sessions), maps.Clone(f.newest)
	f.refused, f.events = maps.Clone(f.refused), maps.Clone(f.events)
	return f
}

// String is equal for equal facts.
func (f facts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d, disabled %v\n", f.epoch, f.disabled)
	for _, id := range slices.Sorted(maps.Keys(f.sessions)) {
		fmt.Fprintf(&b, "  session %s at generation %d\n", id, f.sessions[id])
	}
	for _, id := range slices.Sorted(maps.Keys(f.refused)) {
		fmt.Fprintf(&b, "  refused %s\n", id)
	}
	for _, e := range slices.Sorted(maps.Keys(f.events)) {
		fmt.Fprintf(&b, "  %d events %s\n", f.events[e], e)
	}
	return b.String()
}

// biography is what is true of one person after each of the acts, and when the
// acts were acknowledged.
type biography struct {
	people.Story
	after []facts // one more than acts
	acked []int   // event numbers, ascending
}

// biographyOf follows a story as far as the outcome of each act is known.
func (rec *recording) biographyOf(s people.Story, first string) (*biography, error) {
	b := &biography{Story: s}
	now := facts{password: first, sessions: map[string]int64{}, newest: map[string]string{}, refused: map[string]bool{}, events: map[string]int{}}
	b.after = append(b.after, now)
	for _, a := range s.Acts {
		now = now.clone()
		if !now.take(a) {
			break
		}
		answers := rec.acks[a.By]
		if a.Seq > len(answers) {
			return nil, fmt.Errorf("answer %d on connection %s is not in the trace", a.Seq, a.By)
		}
		b.acked = append(b.acked, answers[a.Seq-1])
		b.after = append(b.after, now)
	}
	if !sort.IntsAreSorted(b.acked) {
		return nil, fmt.Errorf("the answers to %s are out of order", s.Name)
	}
	return b, nil
}

// take is false when nobody knows what became of the act.
func (f *facts) take(a people.Act) bool {
	if a.Account != nil {
		if a.Account.Outcome == history.Unknown {
			return false
		}
		f.order(*a.Account)
	}
	for _, c := range a.Changes {
		if c.Op.Outcome == history.Unknown {
			return false
		}
		if c.Op.Outcome == history.OK {
			f.change(c)
		}
	}
	return true
}

func (f *facts) order(o history.AccountOp) {
	if o.Outcome != history.OK {
		return
	}
	switch o.Kind {
	case history.SetPassword:
		f.epoch++
		f.password = o.Password
		f.events["ADMIN_ACTION"]++
	case history.DisableAccount:
		f.epoch++
		f.disabled = true
		f.events["ADMIN_UPDATE"]++
	case history.EnableAccount:
		f.disabled = false
		f.events["ADMIN_UPDATE"]++
	}
}

func (f *facts) change(c people.Change) {
	switch c.Op.Kind {
	case history.Login:
		f.sessions[c.Session], f.newest[c.Session] = c.Op.Next.Gen, c.Op.Next.ID
		f.events["LOGIN "+c.Session]++
	case history.Refresh:
		if c.Op.Next.Gen > f.sessions[c.Session] && c.Op.Token.ID != f.newest[c.Session] {
			f.events["REFRESH_TOKEN_RECOVERED "+c.Session]++
		}
		f.sessions[c.Session], f.newest[c.Session] = c.Op.Next.Gen, c.Op.Next.ID
	case history.RevokeAccess:
		f.refused[c.Op.Token.ID] = true
		f.events["REVOKE_GRANT "+c.Session]++
	case history.End:
		if _, alive := f.sessions[c.Session]; !alive {
			return
		}
		delete(f.sessions, c.Session)
		f.refused[c.Session] = true
		switch c.Op.Note {
		case "logout":
			f.events["LOGOUT "+c.Session]++
		case "revoke":
			f.events["REVOKE_GRANT "+c.Session]++
		}
	}
}

// at are the states that a cut after an event may leave: what was acknowledged,
// or that and the next act, wholly.
func (b *biography) at(event int) (acknowledged facts, next *facts, act *people.Act) {
	n := sort.SearchInts(b.acked, event+1)
	if n+1 < len(b.after) {
		next, act = &b.after[n+1], &b.Acts[n]
	}
	return b.after[n], next, act
}

// open says whether the story ends before the event, with an act whose
// outcome nobody knows.
func (b *biography) open(event int) bool {
	return len(b.acked) < len(b.Acts) && (len(b.acked) == 0 || event >= b.acked[len(b.acked)-1])
}
