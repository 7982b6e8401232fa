package people

import (
	"slices"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// Accident says that the server's process was gone at a moment (Unix ns): what
// had no answer by then has happened or never will.
func (p *Person) Accident(at int64) {
	for _, l := range append(p.lines[:], p.desk) {
		l.drop()
	}
	p.broken = false
	p.settleLogs(at)
}

func (p *Person) settleLogs(at int64) {
	for _, s := range append(slices.Clone(p.sessions), p.fresh...) {
		s.log.Settle(at)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.account {
		if p.account[i].Return == 0 {
			p.account[i].Return = max(at, p.account[i].Call)
		}
	}
	for i := range p.closed {
		if p.closed[i].Return == 0 {
			p.closed[i].Return = max(at, p.closed[i].Call)
		}
	}
}

// Recover holds a server that came back against everything the person was
// told: what was acknowledged is there, what had no answer is wholly there or
// wholly not, and nothing that ended is accepted anywhere.
func (p *Person) Recover() {
	p.forget()
	p.recoverAccount()
	for _, s := range slices.Clone(p.sessions) {
		if p.broken {
			break
		}
		p.recoverSession(s)
	}
	p.bury()
	p.recoverDead()
	if !p.world.Alone && len(p.alive()) > 0 && p.chance(10) && !p.broken {
		p.steal(p.alive()[0])
	}
	if p.broken {
		p.wrong(nil, "the server did not answer after the restart")
	}
	p.explain()
}

// recoverAccount first looks whether a disabled account still is, and then
// which password is in force.
func (p *Person) recoverAccount() {
	if p.off == yes {
		if _, o := p.login(p.lines[0], p.password); o == history.OK {
			p.wrong(nil, "an account that was disabled can log in")
		}
		for _, s := range p.sessions {
			p.probeClosed(s)
		}
	}
	for range 10 {
		if p.off == no || p.broken {
			break
		}
		p.setEnabled(true)
	}
	if len(p.possible) == 0 && len(p.before) == 0 {
		return
	}
	var right []string
	for _, password := range append([]string{p.password}, p.possible...) {
		s, o := p.login(p.lines[0], password)
		if o == history.OK {
			right = append(right, password)
		}
		if s != nil {
			p.sessions = append(p.sessions, s)
		}
	}
	if len(right) != 1 {
		p.wrong(nil, "%d passwords of %d work", len(right), 1+len(p.possible))
	}
	// One is enough: what was in force just before is what could come back.
	if n := len(p.before); n > 0 && !slices.Contains(right, p.before[n-1]) {
		if s, o := p.login(p.lines[0], p.before[n-1]); o == history.OK {
			p.wrong(s, "a password from before an acknowledged change works")
		}
	}
	if len(right) > 0 {
		p.password = right[0]
	}
	p.possible, p.before = nil, nil
}

func (p *Person) recoverSession(s *session) {
	was := s.ended
	switch p.settle(s) {
	case history.Refused:
		if was == no {
			p.wrong(s, "an honest client was logged out by an accident")
		}
		return
	case history.OK:
		if was == yes {
			p.wrong(s, "a session that ended lives")
		}
	default:
		p.wrong(s, "the server could not say whether a session lives")
		return
	}
	// What one endpoint says all say.
	if s.client == confidential {
		p.introspect(s)
	} else {
		p.useAccess(s)
	}
	p.useAPI(s)
	for i := range s.access {
		switch t := &s.access[i]; t.revoked {
		case yes:
			p.probeRevoked(s, t)
		case maybe: // either, for the history to judge
			t.revoked = no
			if p.askAccess(p.lines[0], s, t, p.chance(50)) == history.Refused {
				t.revoked = yes
			}
			p.callAPI(p.lines[0], s, t)
		}
	}
}

// The most credentials kept of what ended, and how many are tried again after
// each accident.
const (
	keptDead  = 60
	triedDead = 3
)

// recoverDead tries everything of the sessions that ended since the last
// accident, and some of earlier ones.
func (p *Person) recoverDead() {
	for _, s := range p.fresh {
		if p.broken {
			return
		}
		p.probeEnded(s)
		c := credential{client: s.client, refresh: s.current.raw, access: s.access[len(s.access)-1].raw, what: s.id}
		if len(p.dead) < keptDead {
			p.dead = append(p.dead, c)
		} else {
			p.dead[p.rand.IntN(keptDead)] = c
		}
		p.finish(s)
	}
	p.fresh = nil
	for range min(triedDead, len(p.dead)) {
		p.tryDead(nil)
	}
}

// probeEnded tries the newest credentials of an ended session at every endpoint.
func (p *Person) probeEnded(s *session) {
	l := p.lines[0]
	if o, _ := p.present(l, s, s.current, false); o == history.OK {
		p.wrong(s, "a refresh token of an ended session was accepted")
	}
	if s.client == confidential && p.askRefresh(l, s, s.current) == history.OK {
		p.wrong(s, "a refresh token of an ended session is active")
	}
	for _, i := range []int{0, len(s.access) - 1} {
		t := &s.access[i]
		if p.askAccess(l, s, t, i == 0) == history.OK || p.callAPI(l, s, t) == history.OK {
			p.wrong(s, "an access token of an ended session was accepted")
		}
	}
}

// probeDead tries credentials whose history is closed.
func (p *Person) probeDead(c credential) {
	l := p.lines[0]
	refused := func(endpoint string, a answer, good bool) {
		if good {
			p.wrong(nil, "%s accepted a credential of session %s, which ended: %.200s", endpoint, c.what, a.body)
		}
	}
	a := p.see(l.post(p.realm.Name, "token", c.client, "grant_type", "refresh_token", "refresh_token", c.refresh))
	refused("token", a, a.status == 200)
	a = p.see(l.post(p.realm.Name, "token/introspect", asking, "token", c.access))
	refused("introspection", a, a.status == 200 && string(a.body) != `{"active":false}`)
	a = p.see(l.get(protocol(p.realm.Name, "userinfo"), c.access))
	refused("userinfo", a, a.status == 200)
	a = p.see(l.get("/v1/vms", c.access))
	refused("the video API", a, a.status == 200)
}

// steal presents a token from before the parent: both holders must lose.
func (p *Person) steal(s *session) {
	if !p.realm.Rotating || p.realm.Window != 0 || len(s.old) < 2 {
		return
	}
	if o, _ := p.present(p.lines[0], s, s.old[len(s.old)-2], true); o != history.Refused {
		p.wrong(s, "a stolen token was accepted")
	}
	p.world.acknowledged("theft", Expected{Type: "REFRESH_TOKEN_REUSED", Session: s.id})
	s.end(yes)
	p.bury()
}

// explain looks for an order that explains what happened since the last time.
func (p *Person) explain() {
	p.settleLogs(p.world.Now())
	p.sessions = slices.DeleteFunc(p.sessions, func(s *session) bool {
		err := history.Check(s.log)
		if err != nil {
			p.wrong(nil, "%v", err)
		}
		return err != nil // once is enough
	})
	if err := history.CheckAccount(p.begin, p.account); err != nil {
		p.wrong(nil, "%v", err)
	}
	p.begin, p.account = history.Account{Password: p.password, Enabled: true}, nil
}

// finish closes a family's history.
func (p *Person) finish(s *session) {
	p.world.histories.Add(1)
	if err := history.Check(s.log); err != nil {
		p.wrong(nil, "%v", err)
	}
}
