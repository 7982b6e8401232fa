package people

import (
	"bytes"

	"github.com/seed-a6a28e10/usher/bench/history"
)

func (p *Person) login(l *line, password string) (*session, history.Outcome) {
	a := p.see(l.post(p.realm.Name, "token", p.client, "grant_type", "password", "scope", "openid",
		"username", p.name, "password", password))
	o := history.AccountOp{Kind: history.LogIn, Password: password, Call: a.call, Return: a.ret, By: a.by, Seq: a.seq}
	var known bool
	if o.Outcome, known = loginOutcome(a); !known {
		p.unexpected(nil, "a login", a)
		o.Return = p.world.Now()
	}
	var s *session
	if o.Outcome == history.OK {
		s = p.opened(a)
	}
	p.addAccount(o)
	return s, o.Outcome
}

// loginOutcome is false for an answer that a login never gets.
func loginOutcome(a answer) (history.Outcome, bool) {
	switch {
	case a.open():
		return history.Unknown, true
	case a.status == 200:
		return history.OK, true
	case a.status == 401 && bytes.Contains(a.body, []byte(`"invalid_grant"`)):
		return history.Refused, true
	case a.status == 400 && bytes.Contains(a.body, []byte(`"Account disabled"`)):
		return history.Closed, true
	}
	return history.Unknown, false
}

func (p *Person) addAccount(o history.AccountOp) {
	p.world.tried(string(o.Kind), o.Outcome)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account = append(p.account, o)
}

func (p *Person) opened(a answer) *session {
	t, err := tokensOf(a.body)
	if err != nil {
		p.unexpected(nil, "a login", a)
		return nil
	}
	p.keep(t)
	p.mu.Lock()
	p.id = t.user
	p.mu.Unlock()
	s := &session{client: p.client, id: t.session, current: t.refresh, access: []accessToken{t.access}, refreshed: a.call,
		log: &history.Log{Family: p.realm.family(t.family, p.client)}}
	p.mu.Lock()
	s.log.Add(p.closed...)
	p.mu.Unlock()
	s.log.Add(history.Op{Kind: history.Login, Outcome: history.OK, Call: a.call, Return: a.ret, Next: t.refresh.Token, By: a.by, Seq: a.seq})
	p.world.acknowledged("login", Expected{Type: "LOGIN", Session: s.id})
	return s
}

func (p *Person) keep(t tokens) {
	if p.world.Keep != nil {
		p.world.Keep(t.refresh.ID, t.refresh.raw)
		p.world.Keep(t.access.ID, t.access.raw)
	}
}

// note records an operation on a family and returns its outcome.
func (p *Person) note(s *session, a answer, o history.Op) history.Outcome {
	p.world.tried(string(o.Kind), o.Outcome)
	o.Call, o.Return, o.By, o.Seq = a.call, a.ret, a.by, a.seq
	s.log.Add(o)
	return o.Outcome
}

func isInvalidGrant(a answer) bool {
	return a.status == 400 && bytes.Contains(a.body, []byte(`"invalid_grant"`))
}

// present sends a refresh token. The tokens are for the caller to adopt.
func (p *Person) present(l *line, s *session, t refreshToken, theft bool) (history.Outcome, tokens) {
	a := p.see(l.post(p.realm.Name, "token", s.client, "grant_type", "refresh_token", "refresh_token", t.raw))
	o := history.Op{Kind: history.Refresh, Outcome: history.Unknown, Token: t.Token, Theft: theft}
	var got tokens
	switch {
	case a.open():
	case isInvalidGrant(a):
		o.Outcome = history.Refused
		o.Note = string(a.body[:min(len(a.body), 120)])
	case a.status == 200:
		var err error
		if got, err = tokensOf(a.body); err != nil {
			p.unexpected(s, "a refresh", a)
			break
		}
		p.keep(got)
		got.asked = a.call
		o.Outcome, o.Next = history.OK, got.refresh.Token
		p.world.acknowledged("refresh")
	default:
		p.unexpected(s, "a refresh", a)
	}
	return p.note(s, a, o), got
}

// logout ends the session, or its client's part of it, which is all of it.
func (p *Person) logout(l *line, s *session, revoke bool) history.Outcome {
	t, was := s.current, s.ended
	endpoint, field, act := "logout", "refresh_token", "logout"
	event := Expected{Type: "LOGOUT", Session: s.id}
	if revoke {
		endpoint, field, act = "revoke", "token", "revoke"
		event.Type = "REVOKE_GRANT"
	}
	a := p.see(l.post(p.realm.Name, endpoint, s.client, field, t.raw))
	o := history.Op{Kind: history.End, Outcome: history.Unknown, Token: t.Token, Note: act}
	switch {
	case a.open():
		s.end(maybe)
	case a.ok():
		o.Outcome = history.OK
		s.end(yes)
		if was != no && !revoke {
			p.world.acknowledged(act) // it may have been over, which is no event
		} else {
			p.world.acknowledged(act, event)
		}
	case revoke && a.status == 200 && was != no:
		o.Outcome = history.Refused
		s.end(yes)
	default:
		p.unexpected(s, act, a)
	}
	return p.note(s, a, o)
}

func (p *Person) revokeAccess(l *line, s *session, t *accessToken) {
	a := p.see(l.post(p.realm.Name, "revoke", s.client, "token", t.raw))
	o := history.Op{Kind: history.RevokeAccess, Outcome: history.Unknown, Token: t.Token, IssuedAt: t.issuedAt}
	switch {
	case a.open():
		t.revoked = maybe
	case a.ok():
		o.Outcome, t.revoked = history.OK, yes
		p.world.acknowledged("revoke access", Expected{Type: "REVOKE_GRANT", Session: s.id, Detail: t.ID})
	default:
		p.unexpected(s, "revocation of an access token", a)
	}
	p.note(s, a, o)
}

// askRefresh introspects a refresh token; only a client with a secret may.
func (p *Person) askRefresh(l *line, s *session, t refreshToken) history.Outcome {
	a := p.see(l.post(p.realm.Name, "token/introspect", s.client, "token", t.raw))
	return p.note(s, a, history.Op{Kind: history.AskRefresh, Outcome: p.introspected(s, a), Token: t.Token})
}

func (p *Person) introspected(s *session, a answer) history.Outcome {
	switch {
	case a.open():
		return history.Unknown
	case a.status == 200 && bytes.Contains(a.body, []byte(`"active":true`)):
		return history.OK
	case a.status == 200 && bytes.Contains(a.body, []byte(`"active":false`)):
		return history.Refused
	}
	p.unexpected(s, "introspection", a)
	return history.Unknown
}

// askAccess asks about an access token by introspection or by userinfo.
func (p *Person) askAccess(l *line, s *session, t *accessToken, userinfo bool) history.Outcome {
	o := history.Op{Kind: history.AskAccess, Token: t.Token, IssuedAt: t.issuedAt, Note: "introspect"}
	var a answer
	if userinfo {
		a = p.see(l.get(protocol(p.realm.Name, "userinfo"), t.raw))
		o.Outcome, o.Note = p.bearer(s, "userinfo", a), "userinfo"
	} else {
		a = p.see(l.post(p.realm.Name, "token/introspect", asking, "token", t.raw))
		o.Outcome = p.introspected(s, a)
	}
	return p.note(s, a, o)
}

func (p *Person) bearer(s *session, act string, a answer) history.Outcome {
	switch {
	case a.open():
		return history.Unknown
	case a.status == 200:
		return history.OK
	case a.status == 401:
		return history.Refused
	}
	p.unexpected(s, act, a)
	return history.Unknown
}

func (p *Person) callAPI(l *line, s *session, t *accessToken) history.Outcome {
	a := p.see(l.get("/v1/vms", t.raw))
	return p.note(s, a, history.Op{Kind: history.CallAPI, Outcome: p.bearer(s, "the video API", a), Token: t.Token, IssuedAt: t.issuedAt})
}
