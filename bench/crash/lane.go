package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// lane is one server, killed again and again, and the people who use it.
type lane struct {
	plan    *plan
	dir     string
	rand    *rand.Rand
	options rig.Options
	server  *rig.Server
	world   *people.World
	people  []*people.Person
	audit   audit

	kills, early int
	ready        []time.Duration
}

func newLane(p *plan, dir string, seed uint64) *lane {
	return &lane{plan: p, dir: dir, rand: rand.New(rand.NewPCG(seed, 0))}
}

// Of a server that works, and of one that starts: every tenth kill is followed
// by another before the server is ready.
const (
	leastLife, mostLife = 200 * time.Millisecond, time.Second
	mostStart           = 80 * time.Millisecond
	earlyPercent        = 10
)

// mostWrong violations and the run has shown what there is to show.
const mostWrong = 20

func (l *lane) run(ctx context.Context, realms string) (err error) {
	if err := os.Mkdir(l.dir, 0o700); err != nil {
		return err
	}
	l.options = rig.Options{Dir: l.dir, RealmFile: realms, Settings: "trusted_proxies: [127.0.0.1]\n"}
	for _, a := range []*string{&l.options.Address, &l.options.Management} {
		if *a, err = rig.FreeAddress(); err != nil {
			return err
		}
	}
	if err := l.start(ctx); err != nil {
		return err
	}
	defer func() { l.kill() }()
	l.options.RealmFile = ""
	l.ready = nil // the first start makes keys and people
	l.world = people.NewWorld(l.options.Address, filepath.Join(l.dir, "data", "admin.sock"))
	l.people = people.NewPeople(l.world, l.plan.people, l.rand.Uint64())
	for l.plan.take() && ctx.Err() == nil {
		if err := l.once(ctx); err != nil {
			return err
		}
	}
	return l.check(ctx)
}

// check reads every page and row of the database, beside its server.
func (l *lane) check(ctx context.Context) error {
	unlock, err := rig.Unlock(l.dir)
	if err != nil {
		return err
	}
	db, err := sqlite.Inspect(ctx, filepath.Join(l.dir, "data"), unlock, time.Now)
	if err != nil {
		return err
	}
	found, err := db.Check(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	if first := found.First(); first != "" {
		l.world.Wrong("the database is damaged: %s", first)
	}
	return errors.Join(l.report(), db.Close())
}

// once lets people work, kills the server, starts it again and looks.
func (l *lane) once(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	for _, p := range l.people {
		group.Go(func() { p.Live(working) })
	}
	time.Sleep(between(l.rand, leastLife, mostLife))
	l.kill()
	at := l.world.Now()
	stop()
	group.Wait()
	l.kills++
	for _, p := range l.people {
		p.Accident(at)
	}
	if l.rand.IntN(100) < earlyPercent {
		if err := l.startAndKill(ctx); err != nil {
			return err
		}
	}
	if err := l.start(ctx); err != nil {
		l.world.Wrong("the server does not start after kill %d: %v", l.kills, err)
		return l.report()
	}
	l.recover()
	if err := l.audit.look(l.world); err != nil {
		l.world.Wrong("events: %v", err)
	}
	return l.report()
}

// recover asks people what they find; some at a time.
func (l *lane) recover() {
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, p := range l.people {
		slots <- struct{}{}
		group.Go(func() {
			p.Recover()
			<-slots
		})
	}
	group.Wait()
}

func (l *lane) report() error {
	for _, w := range l.world.TakeWrong() {
		fmt.Fprintf(os.Stderr, "VIOLATION after kill %d of %s (seed %d): %s\n", l.kills, filepath.Base(l.dir), l.plan.seed, w)
	}
	if l.world.Counts().Violations >= mostWrong {
		l.plan.stop.Store(true)
	}
	if l.server == nil {
		return fmt.Errorf("%s has no server", filepath.Base(l.dir))
	}
	return nil
}

// start runs the server until it says that it is ready.
func (l *lane) start(ctx context.Context) error {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// The server outlives the wait for it.
	s, err := rig.StartUsher(context.WithoutCancel(ctx), l.plan.binary, l.options)
	if err != nil {
		return err
	}
	l.server = s
	for ctx.Err() == nil {
		if isReady(l.options.Management) {
			l.ready = append(l.ready, time.Since(begun))
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	err = fmt.Errorf("not ready in a minute:\n%s", s.Talk)
	l.kill()
	return err
}

func isReady(management string) bool {
	c, err := rig.Dial(management)
	if err != nil {
		return false
	}
	defer c.Close()
	status, _, err := c.Do(rig.Request{Method: "GET", Path: "/health/ready"})
	return err == nil && status == http.StatusOK
}

// startAndKill kills a server that is just starting.
func (l *lane) startAndKill(ctx context.Context) error {
	after := between(l.rand, 0, mostStart)
	starting, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	s, err := rig.StartUsher(starting, l.plan.binary, l.options) // killed when its context ends
	if err == nil {
		s.Kill()
	}
	if s != nil {
		<-s.Done
	}
	l.early++
	return ctx.Err()
}

// kill ends the process without a word and waits until it is gone.
func (l *lane) kill() {
	if l.server == nil {
		return
	}
	l.server.Kill()
	<-l.server.Done
	l.server = nil
}
