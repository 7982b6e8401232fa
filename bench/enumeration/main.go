package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

func main() {
	samples := flag.Int("samples", 1000, "failed logins on each path")
	slack := flag.Float64("slack", 1, "multiplies the bounds: 5 for machines shared with other work")
	binary := flag.String("usher", "", "the usher binary to ask; built from this tree when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := run(ctx, *binary, *samples, *slack)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("enumeration: %d paths, %d samples each, %d of them tell something\n", len(paths()), *samples, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string, samples int, slack float64) (failed int, err error) {
	dir, err := os.MkdirTemp("", "usher-enumeration-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if binary == "" {
		if binary, err = rig.Build(ctx, dir); err != nil {
			return 0, err
		}
	}
	file := filepath.Join(dir, "realm.json")
	if err := writeRealms(file, samples); err != nil {
		return 0, err
	}
	server, err := rig.StartUsher(ctx, binary, rig.Options{Dir: dir, RealmFile: file, Settings: "trusted_proxies: [127.0.0.1/32]\nlog_level: error\n"})
	if err != nil {
		return 0, err
	}
	defer server.Kill()
	a := &asker{server: server, all: paths(), took: map[string][]time.Duration{}, waiting: map[string]*wait{}, source: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))}
	if err := a.settle(ctx); err != nil {
		return 0, err
	}
	if err := a.ask(ctx, samples); err != nil {
		return 0, err
	}
	return a.report(slack), server.Stop()
}

// asker makes the attempts.
type asker struct {
	server *rig.Server
	conn   *rig.Conn
	all    []path
	took   map[string][]time.Duration
	source *rand.Rand
	calls  int

	waiting map[string]*wait // by series
}

// wait is who of a series is in its wait.
type wait struct {
	user  int
	since time.Time
}

// settle waits until the server has measured its hashes, which sets the time of
// failed answers, and warms the connection up.
func (a *asker) settle(ctx context.Context) (err error) {
	if a.conn, err = rig.Dial(a.server.Address); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(4 * time.Second):
	}
	for i := range 20 {
		if _, err := a.attempt(&path{realm: newHashes, client: rig.Client}, fmt.Sprint("warm", i), wrong(i)); err != nil {
			return err
		}
	}
	return nil
}

// ask makes one attempt on each path per round, in an order of its own.
func (a *asker) ask(ctx context.Context, samples int) error {
	for n := range samples {
		for _, i := range a.source.Perm(len(a.all)) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p := &a.all[i]
			name, err := a.nameFor(p, n)
			if err != nil {
				return err
			}
			took, err := a.attempt(p, name, p.password(n))
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			a.took[p.name] = append(a.took[p.name], took)
		}
	}
	return nil
}

// nameFor is whose login is tried. A name in its wait is replaced in time, by ten
// wrong passwords for the next one.
func (a *asker) nameFor(p *path, n int) (string, error) {
	if p.waits == "" {
		return p.user(n), nil
	}
	w := a.waiting[p.waits]
	if w == nil {
		w = &wait{user: -1}
		a.waiting[p.waits] = w
	}
	if time.Since(w.since) > 45*time.Second {
		w.user++
		for i := range 10 {
			if _, err := a.attempt(&path{realm: p.realm, client: p.client}, fmt.Sprint(p.waits, w.user), wrong(i)); err != nil {
				return "", err
			}
		}
		w.since = time.Now()
	}
	return fmt.Sprint(p.waits, w.user), nil
}

// attempt makes one that must fail, from an address that nobody had before.
func (a *asker) attempt(p *path, name, password string) (time.Duration, error) {
	a.calls++
	q := rig.Request{Method: "POST", Path: rig.TokenPath(p.realm), From: fmt.Sprintf("%d.%d.%d.1", 11+a.calls>>16, a.calls>>8&255, a.calls&255),
		Form: url.Values{"client_id": {p.client}, "grant_type": {"password"}, "username": {name}, "password": {password}}.Encode()}
	began := time.Now()
	status, body, err := a.conn.Do(q)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if status != 401 {
		return 0, fmt.Errorf("%s: %d %s", name, status, body)
	}
	return took, nil
}

// report prints each path beside its reference and counts those that tell.
func (a *asker) report(slack float64) (failed int) {
	fmt.Printf("%-36s %10s %10s %8s %9s\n", "path", "median", "differs", "share", "KS p")
	for _, p := range a.all {
		m := median(a.took[p.name])
		if p.reference == "" {
			fmt.Printf("%-36s %10s\n", p.name, m.Round(time.Microsecond))
			continue
		}
		r := median(a.took[p.reference])
		_, probability := kolmogorovSmirnov(a.took[p.name], a.took[p.reference])
		verdict := ""
		if !within(m, r, slack) {
			failed++
			verdict = "  TELLS"
		}
		fmt.Printf("%-36s %10s %10s %7.2f%% %9.4f%s\n", p.name, m.Round(time.Microsecond), (m - r).Round(time.Microsecond), 100*float64(m-r)/float64(r), probability, verdict)
	}
	return failed
}
