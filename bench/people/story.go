package people

import (
	"slices"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// Story is everything that a person did, where everybody does one thing at a
// time.
type Story struct {
	Realm, Client, Name, User string
	Acts                      []Act
}

// Act is one request and all that it changes.
type Act struct {
	// By is the era and the name of the connection, Seq which of its answers
	// acknowledged the act.
	By      string
	Seq     int
	Account *history.AccountOp
	Changes []Change
	call    int64
}

// Change is what an act does to one session.
type Change struct {
	Session, Family string
	Op              history.Op
}

// Story is the person's, in the order of its acts.
func (p *Person) Story() Story {
	type answered struct {
		by  string
		seq int
	}
	acts := map[answered]*Act{}
	at := func(by string, seq int, call int64) *Act {
		k := answered{by, seq}
		if acts[k] == nil {
			acts[k] = &Act{By: by, Seq: seq, call: call}
		}
		return acts[k]
	}
	for _, o := range p.account {
		at(o.By, o.Seq, o.Call).Account = &o
	}
	for _, s := range append(slices.Clone(p.sessions), p.fresh...) {
		for _, o := range s.log.Ops() { // from before the login it is in the account too
			a := at(o.By, o.Seq, o.Call)
			a.Changes = append(a.Changes, Change{s.id, s.log.Family.ID, o})
		}
	}
	story := Story{Realm: p.realm.Name, Client: p.client, Name: p.name, User: p.id}
	for _, a := range acts {
		story.Acts = append(story.Acts, *a)
	}
	slices.SortFunc(story.Acts, func(a, b Act) int { return int(a.call - b.call) })
	return story
}
