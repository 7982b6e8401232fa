package history

import (
	"strings"
	"time"
)

// slack is how much a moment may be off: the server counts in milliseconds.
const slack = int64(2 * time.Millisecond)

// maxSuperseded is how often a lost answer may be replaced.
const maxSuperseded = 3

// used is a token that was rotated out; its first use was between lo and hi.
type used struct {
	id     string
	lo, hi int64
}

// row is what the server knows of a family: a value, compared with ==.
type row struct {
	born, dead bool
	off        bool   // the user is disabled
	revoked    string // access tokens, each behind a semicolon

	gen        int64
	current    string // jti of the current token; "" when nobody has seen it
	parent     string
	ring       [4]used // newest first
	superseded int
	// seen: an access token of this generation was used, which the server may
	// or may not have written down yet.
	seen bool
}

func (r row) alive() bool { return r.born && !r.dead && !r.off }

func (r row) isRevoked(id string) bool { return strings.Contains(r.revoked, ";"+id) }

// step is every state the family can be in after an operation: none when no
// server that keeps the rules could have answered so.
func (f Family) step(r row, o Op) []row {
	switch o.Kind {
	case Login:
		return f.login(r, o)
	case Refresh:
		return f.refresh(r, o)
	case End:
		return end(r, o)
	case RevokeAccess:
		after := r
		if o.Outcome != Refused && !r.isRevoked(o.Token.ID) {
			after.revoked += ";" + o.Token.ID
		}
		return settled(r, o, after)
	case Disable, Enable:
		after := r
		after.off = o.Kind == Disable
		return settled(r, o, after)
	case AskRefresh:
		return says(r, o, r.alive() && (!f.Rotating || f.isCurrent(r, o.Token)))
	case AskAccess:
		return r.used(o, says(r, o, r.alive() && !r.isRevoked(o.Token.ID)))
	case CallAPI: // judged from another place, see apiStep
		return r.used(o, []row{r})
	}
	return nil
}

func (f Family) login(r row, o Op) []row {
	if r.born || o.Outcome == OK && r.off {
		return nil
	}
	after := r
	after.born, after.gen, after.current = true, o.Next.Gen, o.Next.ID
	return settled(r, o, after)
}

func (f Family) isCurrent(r row, t Token) bool {
	return t.Gen == r.gen && (r.current == "" || t.ID == r.current)
}

// end: what is over already may be told apart, or not.
func end(r row, o Op) []row {
	after := r
	after.dead = r.dead || r.born
	if o.Outcome == Refused {
		if r.dead || !r.born {
			return []row{r}
		}
		return nil
	}
	return settled(r, o, after)
}

// settled is after, or either when nobody knows; a refusal changes nothing.
func settled(r row, o Op, after row) []row {
	switch o.Outcome {
	case OK:
		return []row{after}
	case Refused:
		return []row{r}
	default:
		return []row{r, after}
	}
}

// says holds a question's answer against the truth.
func says(r row, o Op, truth bool) []row {
	if o.Outcome != Unknown && (o.Outcome == OK) != truth {
		return nil
	}
	return []row{r}
}

// used notes that an access token came back.
func (r row) used(o Op, next []row) []row {
	if o.Outcome == Refused || o.Token.Gen != r.gen || len(next) == 0 {
		return next
	}
	seen := r
	seen.seen = true
	if o.Outcome == Unknown {
		return []row{r, seen}
	}
	return []row{seen}
}

// answer is one thing that the rules allow: the state after it, and what the
// client is told.
type answer struct {
	after row
	ok    bool
	next  Token // an ID of "" is a new one
}

func (f Family) refresh(r row, o Op) []row {
	var out []row
	for _, a := range f.answers(r, o) {
		switch {
		case o.Outcome == Unknown:
			out = append(out, a.after)
		case a.ok != (o.Outcome == OK):
		case !a.ok:
			out = append(out, a.after)
		case f.Rotating && a.next.Gen != o.Next.Gen:
		case f.Rotating && a.next.ID != "" && a.next.ID != o.Next.ID:
		default:
			if f.Rotating {
				a.after.current = o.Next.ID
			}
			out = append(out, a.after)
		}
	}
	if o.Outcome == Unknown {
		out = append(out, r)
	}
	return out
}

// answers are the rules of rotation.
func (f Family) answers(r row, o Op) []answer {
	refused := answer{after: r}
	switch {
	case !r.alive():
		return []answer{refused}
	case !f.Rotating:
		return []answer{{after: r, ok: true}}
	case f.isCurrent(r, o.Token):
		after := r.successor()
		after.parent, after.superseded = o.Token.ID, 0
		copy(after.ring[1:], r.ring[:])
		after.ring[0] = used{o.Token.ID, o.Call, o.Return}
		return []answer{{after, true, Token{Gen: after.gen}}}
	case o.Token.Gen >= r.gen:
		return nil // of a generation that was never acknowledged: something got lost
	}
	return f.old(r, o)
}

// old are the rules for a token that was rotated out.
func (f Family) old(r row, o Op) (out []answer) {
	for _, u := range r.ring {
		if u.id != o.Token.ID || f.Window == 0 {
			continue
		}
		if shortest := max(0, o.Call-u.hi); shortest <= int64(f.Window)+slack {
			out = append(out, answer{r, true, Token{r.gen, r.current}})
		}
		if longest := o.Return - u.lo; longest <= int64(f.Window)-slack {
			return out
		}
	}
	killed := r
	killed.dead = true
	if o.Token.ID != r.parent || r.superseded >= maxSuperseded {
		return append(out, answer{after: killed})
	}
	after := r.successor()
	after.superseded++
	for i := range after.ring {
		if after.ring[i].id == o.Token.ID {
			after.ring[i].lo, after.ring[i].hi = o.Call, o.Return
		}
	}
	out = append(out, answer{after, true, Token{Gen: after.gen}})
	if r.seen && !f.UntilUsed {
		out = append(out, answer{after: killed})
	}
	return out
}

func (r row) successor() row {
	r.gen, r.current, r.seen = r.gen+1, "", false
	return r
}
