package people

import (
	"context"
	"slices"
	"sync"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// act is one thing people do, and how often.
type act struct {
	weight int
	do     func(p *Person, s *session)
}

func (p *Person) acts() []act {
	return []act{
		{600, (*Person).refresh},
		{200, (*Person).refreshTogether},
		{50, (*Person).loseAnswer},
		{60, (*Person).useAccess},
		{60, (*Person).useAPI},
		{50, (*Person).introspect},
		{30, (*Person).revokeSomeAccess},
		{8, (*Person).leave},
		{6, (*Person).leaveWhileRefreshing},
		{15, (*Person).tryDead},
		{8, (*Person).changePassword},
		{8, (*Person).closeAndOpen},
	}
}

// mostSessions a person has, and mostOps a family's history has, before the
// person leaves.
const (
	mostSessions = 2
	mostOps      = 150
)

// Live does one thing after another until ctx ends or the server is gone.
func (p *Person) Live(ctx context.Context) {
	for ctx.Err() == nil && !p.broken {
		p.once()
	}
}

func (p *Person) once() {
	p.forget()
	alive := p.alive()
	switch {
	case p.off != no:
		p.setEnabled(true)
		return
	case len(p.sessions) > len(alive):
		p.settleSessions()
		return
	case len(alive) == 0, len(p.sessions) < mostSessions && p.chance(5):
		p.enter()
		return
	}
	s := alive[p.rand.IntN(len(alive))]
	if s.log.Len() > mostOps {
		p.leave(s)
		return
	}
	all := p.acts()
	sum := 0
	for _, a := range all {
		sum += a.weight
	}
	n := p.rand.IntN(sum)
	for _, a := range all {
		if n -= a.weight; n < 0 {
			a.do(p, s)
			return
		}
	}
}

// forget drops sessions that may have been idle for too long, since the machine
// stood still: what became of them says nothing.
func (p *Person) forget() {
	p.sessions = slices.DeleteFunc(p.sessions, func(s *session) bool {
		return p.world.Now()-s.refreshed > int64(p.realm.Idle)*7/10
	})
}

// settleSessions finds out about sessions of which the client is not certain.
func (p *Person) settleSessions() {
	for _, s := range p.sessions {
		if s.ended == maybe && !p.broken {
			p.settle(s)
		}
	}
	p.bury()
}

// settle finds out whether a session ended.
func (p *Person) settle(s *session) history.Outcome {
	o, got := p.present(p.lines[0], s, s.current, false)
	switch o {
	case history.OK:
		s.adopt(got, p.realm.Rotating, false)
		s.ended = no
	case history.Refused:
		s.end(yes)
	}
	return o
}

func (p *Person) enter() {
	if s, _ := p.login(p.lines[0], p.password); s != nil {
		p.sessions = append(p.sessions, s)
	}
}

func (p *Person) refresh(s *session) {
	o, got := p.present(p.lines[0], s, s.current, false)
	p.refreshed(s, o, got)
}

// refreshed takes the answer of an honest refresh in a session that lives.
func (p *Person) refreshed(s *session, o history.Outcome, got tokens) {
	switch o {
	case history.OK:
		s.adopt(got, p.realm.Rotating, p.chance(50))
	case history.Refused:
		p.wrong(s, "an honest client was logged out")
		s.end(yes)
	}
}

// together does things at the same time.
func (p *Person) together(things ...func(l *line)) {
	if p.world.Alone {
		for _, do := range things {
			do(p.lines[0])
		}
		return
	}
	var group sync.WaitGroup
	for i, do := range things {
		group.Go(func() { do(p.lines[i]) })
	}
	group.Wait()
}

// refreshTogether presents one token several times at once, as tabs do.
func (p *Person) refreshTogether(s *session) {
	if p.realm.Rotating && p.realm.Window == 0 || p.world.Alone {
		p.refresh(s)
		return
	}
	n := 2 + p.rand.IntN(2)
	outcomes, got := make([]history.Outcome, n), make([]tokens, n)
	things := make([]func(*line), n)
	t := s.current
	for i := range things {
		things[i] = func(l *line) { outcomes[i], got[i] = p.present(l, s, t, false) }
	}
	p.together(things...)
	for i := range things {
		p.refreshed(s, outcomes[i], got[i])
	}
}

// loseAnswer throws an answer away and asks again with the token it has.
func (p *Person) loseAnswer(s *session) {
	o, _ := p.present(p.lines[0], s, s.current, false)
	if o == history.OK && !p.broken {
		p.refresh(s)
	} else {
		p.refreshed(s, o, tokens{})
	}
}

// pick is one of the session's access tokens that was not revoked.
func (p *Person) pick(s *session) *accessToken {
	for range 3 {
		if t := &s.access[p.rand.IntN(len(s.access))]; t.revoked == no {
			return t
		}
	}
	return nil
}

func (p *Person) useAccess(s *session) {
	if t := p.pick(s); t != nil && p.askAccess(p.lines[0], s, t, p.chance(50)) == history.Refused {
		p.wrong(s, "a live access token is inactive")
	}
}

func (p *Person) useAPI(s *session) {
	if t := p.pick(s); t != nil {
		p.callAPI(p.lines[0], s, t) // whether it may be refused is for the history to say
	}
}

func (p *Person) introspect(s *session) {
	if s.client == public {
		p.useAccess(s)
		return
	}
	if p.askRefresh(p.lines[0], s, s.current) == history.Refused {
		p.wrong(s, "the newest refresh token is inactive")
	}
	if len(s.old) > 0 && p.realm.Rotating && !p.broken {
		p.probeOld(s)
	}
}

// probeOld asks about a refresh token that was rotated out: a question changes nothing.
func (p *Person) probeOld(s *session) {
	if p.askRefresh(p.lines[0], s, s.old[p.rand.IntN(len(s.old))]) == history.OK {
		p.wrong(s, "a superseded refresh token is active")
	}
}

func (p *Person) revokeSomeAccess(s *session) {
	t := p.pick(s)
	if t == nil || len(s.access) < 2 {
		return
	}
	p.revokeAccess(p.lines[0], s, t)
	if t.revoked == yes && !p.broken {
		p.probeRevoked(s, t)
	}
}

func (p *Person) probeRevoked(s *session, t *accessToken) {
	l := p.lines[0]
	if p.askAccess(l, s, t, p.chance(50)) == history.OK || p.callAPI(l, s, t) == history.OK {
		p.wrong(s, "a revoked access token was accepted")
	}
}

func (p *Person) leave(s *session) {
	p.logout(p.lines[0], s, p.chance(50))
	p.bury()
}

func (p *Person) leaveWhileRefreshing(s *session) {
	t, revoke := s.current, p.chance(50)
	var got tokens
	var o history.Outcome
	p.together(
		func(l *line) { o, got = p.present(l, s, t, false) },
		func(l *line) { p.logout(l, s, revoke) },
	)
	if o == history.OK {
		s.adopt(got, p.realm.Rotating, false)
	}
	p.bury()
}

// tryDead tries something that ended before.
func (p *Person) tryDead(*session) {
	if len(p.dead) > 0 {
		p.probeDead(p.dead[p.rand.IntN(len(p.dead))])
	}
}

// changePassword changes it, perhaps while logging in with the one before.
func (p *Person) changePassword(*session) {
	if p.world.Admin == "" {
		return
	}
	if !p.chance(50) || p.world.Alone {
		p.setPassword()
		p.bury()
		return
	}
	old := p.password
	var s *session
	p.together(
		func(*line) { p.setPassword() },
		func(l *line) { s, _ = p.login(l, old) },
	)
	if s != nil {
		p.joined(s)
	}
	p.bury()
}

// joined adds a session that was opened while the password changed, which may
// have ended it.
func (p *Person) joined(s *session) {
	o := p.lastChange()
	if o.Outcome != history.Refused {
		s.log.Add(history.Op{Kind: history.End, Outcome: o.Outcome, Call: o.Call, Return: o.Return, By: o.By, Seq: o.Seq, Note: "password"})
		s.end(maybe)
	}
	p.sessions = append(p.sessions, s)
}

func (p *Person) lastChange() history.AccountOp {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range slices.Backward(p.account) {
		if o.Kind == history.SetPassword {
			return o
		}
	}
	return history.AccountOp{Outcome: history.Refused}
}

// closeAndOpen has the account disabled, sees that nothing works, and has it
// enabled again.
func (p *Person) closeAndOpen(s *session) {
	if p.world.Admin == "" {
		return
	}
	p.setEnabled(false)
	if p.off == yes && !p.broken {
		p.probeClosed(s)
	}
	if !p.broken {
		p.setEnabled(true)
	}
}

// probeClosed sees that a disabled account's credentials are refused, all of them.
func (p *Person) probeClosed(s *session) {
	l, t := p.lines[0], &s.access[0]
	if o, got := p.present(l, s, s.current, false); o == history.OK {
		s.adopt(got, p.realm.Rotating, false)
		p.wrong(s, "a disabled person's refresh token was accepted")
	}
	if p.askAccess(l, s, t, p.chance(50)) == history.OK || p.callAPI(l, s, t) == history.OK {
		p.wrong(s, "a disabled person's access token was accepted")
	}
}
