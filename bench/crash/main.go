package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/bench/rig"
)

// plan is what one run does.
type plan struct {
	kills, lanes, people int
	seed                 uint64
	ready                time.Duration
	binary               string

	// left counts down; a lane takes one for each kill.
	left atomic.Int64
	stop atomic.Bool
}

func main() {
	var p plan
	flag.IntVar(&p.kills, "kills", 100, "how many kills")
	flag.IntVar(&p.lanes, "lanes", 2, "how many servers at a time, each with its own folder")
	flag.IntVar(&p.people, "people", 4, "how many people use each realm of a server")
	flag.Uint64Var(&p.seed, "seed", 0, "of everything that is random; 0: the time")
	flag.DurationVar(&p.ready, "ready", 5*time.Second, "the longest a start may take; the promise is 1s on a quiet machine")
	flag.StringVar(&p.binary, "usher", "", "the usher binary to kill; built from this tree when empty")
	results := flag.String("results", "", "append the run to this file, a JSON object a line")
	sum := flag.String("sum", "", "only add up a file of results")
	flag.Parse()
	if *sum != "" {
		exit(printSum(*sum))
	}
	if p.seed == 0 {
		p.seed = uint64(time.Now().UnixNano())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := p.run(ctx)
	if err == nil && *results != "" {
		err = rig.AppendResult(*results, r)
	}
	if err == nil {
		fmt.Println(r)
		err = r.verdict(p.ready)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (p *plan) run(ctx context.Context) (*result, error) {
	begun := time.Now()
	dir, err := os.MkdirTemp("", "usher-crash-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if p.binary == "" {
		if p.binary, err = rig.Build(ctx, dir); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "realms.json")
	if err := people.WriteRealms(file, people.Realms(), p.people); err != nil {
		return nil, err
	}
	p.left.Store(int64(p.kills))
	lanes := make([]*lane, p.lanes)
	errs := make([]error, p.lanes)
	var group sync.WaitGroup
	for i := range lanes {
		lanes[i] = newLane(p, filepath.Join(dir, fmt.Sprint("lane", i)), p.seed+uint64(i))
		group.Go(func() { errs[i] = lanes[i].run(ctx, file) })
	}
	group.Wait()
	r := newResult(p.seed)
	for _, l := range lanes {
		r.add(l)
	}
	r.Seconds = time.Since(begun).Seconds()
	return r, errors.Join(errs...)
}

// take says whether there is a kill left for a lane.
func (p *plan) take() bool { return !p.stop.Load() && p.left.Add(-1) >= 0 }

// between is a random time in a range.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}
