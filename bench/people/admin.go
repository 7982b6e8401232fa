package people

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/bench/history"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// order sends one order about the person to the administrator's socket.
func (p *Person) order(route, body string) answer {
	return p.see(p.desk.send(rig.Request{Method: http.MethodPost, Path: api.AdminPath(route, p.realm.Name, p.name), JSON: body}))
}

// ordered says what became of an order: nothing where somebody else changed
// the account meanwhile.
func ordered(a answer) history.Outcome {
	switch {
	case a.open():
		return history.Unknown
	case a.ok():
		return history.OK
	}
	return history.Refused
}

// setPassword asks for a new password, which ends all sessions.
func (p *Person) setPassword() {
	p.made++
	next := fmt.Sprintf("password %d of %s", p.made, p.name)
	body, err := json.Marshal(api.NewPassword{Password: next})
	if err != nil {
		panic(err) // a struct of a string and a bool
	}
	a := p.order(api.AdminUserPassword, string(body))
	o := history.AccountOp{Kind: history.SetPassword, Password: next, Outcome: ordered(a)}
	p.mu.Lock()
	switch o.Outcome {
	case history.Unknown:
		p.possible = append(p.possible, next)
	case history.OK:
		p.before = append(append(p.before, p.password), p.possible...)
		p.password, p.possible = next, nil
	}
	p.mu.Unlock()
	p.noteOrder(a, o, history.End, Expected{Type: "ADMIN_ACTION", Detail: "reset-password"})
	for _, s := range p.sessions {
		switch o.Outcome {
		case history.Unknown:
			s.end(maybe)
		case history.OK:
			s.end(yes)
		}
	}
}

// setEnabled opens or closes the account.
func (p *Person) setEnabled(enabled bool) {
	route, o, kind := api.AdminUserDisable, history.AccountOp{Kind: history.DisableAccount}, history.Disable
	if enabled {
		route, o.Kind, kind = api.AdminUserEnable, history.EnableAccount, history.Enable
	}
	a := p.order(route, "{}")
	o.Outcome = ordered(a)
	p.mu.Lock()
	event := Expected{Type: "ADMIN_UPDATE", Detail: fmt.Sprint("enabled=", enabled)}
	if p.off == maybe {
		event = Expected{} // it may have been so already, which is no event
	}
	switch o.Outcome {
	case history.Unknown:
		p.off = maybe
	case history.OK:
		p.off = yes
		if enabled {
			p.off = no
		}
	}
	if kind == history.Disable {
		p.closed = nil
	}
	p.closed = append(p.closed, history.Op{Kind: kind, Outcome: o.Outcome, Call: a.call, Return: a.ret, By: a.by, Seq: a.seq})
	p.mu.Unlock()
	p.noteOrder(a, o, kind, event)
}

// noteOrder records an order in the account's history and the families'.
func (p *Person) noteOrder(a answer, o history.AccountOp, kind history.Kind, event Expected) {
	o.Call, o.Return, o.By, o.Seq = a.call, a.ret, a.by, a.seq
	p.addAccount(o)
	switch o.Outcome {
	case history.Refused:
		if a.status != http.StatusPreconditionFailed {
			p.unexpected(nil, string(o.Kind), a)
		}
		return
	case history.OK:
		if event.Type == "" {
			p.world.acknowledged(string(o.Kind))
			break
		}
		event.User = p.id
		p.world.acknowledged(string(o.Kind), event)
	}
	for _, s := range p.sessions {
		p.note(s, a, history.Op{Kind: kind, Outcome: o.Outcome, Note: string(o.Kind)})
	}
}
