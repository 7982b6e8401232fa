package web

import (
	"context"
	"net/http"
	"sync"

	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// ProbePath is where an announced probe is taken; its one segment more is the
// probe's id.
const ProbePath = "/.well-known/usher-probe/{id}"

// Seen is how a request arrived, as the address rules judged it.
type Seen struct {
	Address string // the client's
	Peer    string // who made the connection
	Trusted bool   // the peer is one whose headers count
	Secure  bool
	// ForwardedFor are the lines of X-Forwarded-For as they came.
	ForwardedFor []string
}

// Probes lets an operator send a request through whatever stands in front of
// the server and learn how it arrived. Only ids that were announced are taken,
// so nobody else learns anything, and at most a few are remembered.
type Probes struct {
	newID func() string

	mu   sync.Mutex
	open []probe // oldest first
}

type probe struct {
	id   string
	seen *Seen
}

// maxProbes bounds what is remembered.
const maxProbes = 16

// NewProbes makes an empty memory; newID gives ids that cannot be guessed.
func NewProbes(newID func() string) *Probes { return &Probes{newID: newID} }

// Announce makes the id of a probe that will come.
func (p *Probes) Announce() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == maxProbes {
		p.open = append(p.open[:0], p.open[1:]...)
	}
	id := p.newID()
	p.open = append(p.open, probe{id: id})
	return id
}

// Seen is how the probe arrived; false until it has, or when it is forgotten.
func (p *Probes) Seen(id string) (Seen, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.open {
		if one.id == id && one.seen != nil {
			return *one.seen, true
		}
	}
	return Seen{}, false
}

// Mount takes probes on mux, by the kit's rules of whom to trust.
func (p *Probes) Mount(kit *Kit, mux *http.ServeMux) {
	mux.Handle("GET "+ProbePath, API(kit, func(_ context.Context, r *Request) (Reply, error) {
		peer := parseAddr(r.RemoteAddr)
		return p.take(r.PathValue("id"), Seen{Address: r.Address.String(), Peer: peer.String(), Trusted: kit.trusts(peer), Secure: r.Secure,
			ForwardedFor: r.Header["X-Forwarded-For"]})
	}))
}

func (p *Probes) take(id string, seen Seen) (Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.open {
		if p.open[i].id == id {
			p.open[i].seen = &seen
			return Reply{Status: http.StatusNoContent}, nil
		}
	}
	return Reply{}, oauth.Refuse(oauth.NotFound)
}
