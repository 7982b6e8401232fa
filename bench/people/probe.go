package people

import (
	"fmt"

	"github.com/seed-a6a28e10/usher/bench/history"
)

// Probe asks a server as somebody would who knows a story.
type Probe struct{ line *line }

// NewProbe asks the server at an address.
func NewProbe(address string) Probe {
	return Probe{&line{world: NewWorld(address, ""), from: "10.255.0.1"}}
}

// Refreshes says whether a refresh token is taken.
func (p Probe) Refreshes(s Story, raw string) (bool, error) {
	a := p.line.post(s.Realm, "token", s.Client, "grant_type", "refresh_token", "refresh_token", raw)
	switch {
	case a.err != nil:
		return false, a.err
	case a.status == 200:
		return true, nil
	case isInvalidGrant(a):
		return false, nil
	}
	return false, fmt.Errorf("a refresh was answered with %d %.200s", a.status, a.body)
}

// LogsIn says what a login with a password is worth.
func (p Probe) LogsIn(s Story, password string) (history.Outcome, error) {
	a := p.line.post(s.Realm, "token", s.Client, "grant_type", "password", "username", s.Name, "password", password)
	o, ok := loginOutcome(a)
	if a.err == nil && !ok {
		a.err = fmt.Errorf("a login was answered with %d %.200s", a.status, a.body)
	}
	return o, a.err
}

// Close ends the connection.
func (p Probe) Close() { p.line.drop() }
