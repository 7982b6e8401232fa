package people

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/seed-a6a28e10/usher/bench/history"
)

var errNoToken = errors.New("not a token")

// Person uses one realm by one client. Its methods are for one goroutine.
type Person struct {
	world  *World
	realm  Realm
	client string
	name   string
	id     string // the user's, known from the first token
	rand   *rand.Rand
	lines  [3]*line
	desk   *line // to the administrator's socket
	made   int   // passwords so far

	sessions []*session
	dead     []credential
	fresh    []*session // ended, and not looked at since the last accident

	mu       sync.Mutex
	account  []history.AccountOp
	begin    history.Account
	password string   // the last one that was acknowledged
	possible []string // others that may be in force
	before   []string // those that an acknowledged change put out of force
	off      certainty
	// closed is when the account was last disabled: the video API refuses all
	// tokens issued in that second, those of later logins too.
	closed []history.Op

	broken bool // the server is gone
}

// credential is something that must never be accepted again.
type credential struct {
	client, refresh, access, what string
}

// NewPeople makes n people in each realm, every other one with a client that
// keeps a secret.
func NewPeople(w *World, n int, seed uint64) (all []*Person) {
	for r, realm := range Realms() {
		for i := range n {
			p := &Person{world: w, realm: realm, client: public, name: userName(i),
				rand:  rand.New(rand.NewPCG(seed, uint64(1000*r+i))),
				begin: history.Account{Password: FirstPassword, Enabled: true}, password: FirstPassword}
			if i%2 == 1 {
				p.client = confidential
			}
			for l := range p.lines {
				p.lines[l] = &line{world: w, from: fmt.Sprintf("10.%d.%d.%d", r, i, l+1)}
			}
			p.desk = &line{world: w, admin: true}
			all = append(all, p)
		}
	}
	return all
}

func (p *Person) String() string {
	return fmt.Sprintf("%s of %s at %s", p.name, p.realm.Name, p.client)
}

// wrong notes a violation with all that the client knows.
func (p *Person) wrong(s *session, format string, args ...any) {
	text := fmt.Sprintf("%s: %s\n", p, fmt.Sprintf(format, args...))
	if s != nil {
		text += "session " + s.id + ", " + s.log.String()
	}
	p.mu.Lock()
	text += history.AccountText(p.begin, p.account)
	p.mu.Unlock()
	p.world.Wrong("%s", text)
}

// unexpected is an answer that nothing explains.
func (p *Person) unexpected(s *session, act string, a answer) {
	p.wrong(s, "%s was answered with %d %.300s", act, a.status, a.body)
}

// see looks at an answer before anything else does.
func (p *Person) see(a answer) answer {
	if a.err != nil {
		p.mu.Lock()
		p.broken = true
		p.mu.Unlock()
	}
	return a
}

func (p *Person) chance(percent int) bool { return p.rand.IntN(100) < percent }

// alive are the sessions that have not ended as far as the client knows.
func (p *Person) alive() (out []*session) {
	for _, s := range p.sessions {
		if s.ended == no {
			out = append(out, s)
		}
	}
	return out
}

// bury moves ended sessions to where their credentials are tried again later.
func (p *Person) bury() {
	var left []*session
	for _, s := range p.sessions {
		if s.ended == yes {
			p.fresh = append(p.fresh, s)
		} else {
			left = append(left, s)
		}
	}
	p.sessions = left
}
