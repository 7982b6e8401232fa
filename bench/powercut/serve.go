package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/bench/history"
	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// serve runs the real server over what a cut left, and asks it as the people
// would who were there.
func (p *plan) serve(ctx context.Context, rec *recording, place string, event int, lives []*biography) error {
	o := rig.Options{Dir: place, PublicURL: "http://" + rec.address, Settings: "trusted_proxies: [127.0.0.1]\n"}
	s, err := rig.StartUsher(ctx, p.binary, o)
	if err != nil {
		return fmt.Errorf("does not start: %w", err)
	}
	defer func() {
		s.Kill()
		<-s.Done
	}()
	probe := people.NewProbe(s.Address)
	defer probe.Close()
	var errs []error
	for _, b := range lives {
		before, next, act := b.at(event)
		if b.open(event) || len(before.events) == 0 {
			continue
		}
		if next == nil {
			next = &before
		}
		if err := rec.ask(probe, b.Story, before, *next, presents(act)); err != nil {
			errs = append(errs, fmt.Errorf("%s of %s: %w", b.Name, b.Realm, err))
		}
	}
	return errors.Join(errs...)
}

// presents is the refresh token that an act presents, if that is what it does.
func presents(a *people.Act) string {
	if a == nil || len(a.Changes) == 0 {
		return ""
	}
	return a.Changes[0].Op.Token.ID
}

// ask tries the newest token of every session and the password; where the act
// under way decides, either answer is right.
func (rec *recording) ask(probe people.Probe, s people.Story, before, next facts, presented string) error {
	for id, token := range before.newest {
		if next.newest[id] != token && presented != token {
			continue // replaced in the rightful client's own name, perhaps
		}
		_, lived := before.sessions[id]
		_, lives := next.sessions[id]
		if lived != lives || before.disabled != next.disabled {
			continue
		}
		ok, err := probe.Refreshes(s, rec.tokens[token])
		if err != nil {
			return err
		}
		if ok != (lives && !next.disabled) {
			return fmt.Errorf("the newest refresh token of session %s: taken %v, the session lives %v, disabled %v", id, ok, lives, next.disabled)
		}
	}
	if before.password != next.password || before.disabled != next.disabled {
		return nil
	}
	o, err := probe.LogsIn(s, next.password)
	want := history.OK
	if next.disabled {
		want = history.Closed
	}
	if err == nil && o != want {
		err = fmt.Errorf("a login with the password: %s, not %s", o, want)
	}
	return err
}
