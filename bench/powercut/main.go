package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// plan is what one run does.
type plan struct {
	cuts, each, people, servedEvery int
	seconds                         time.Duration
	seed                            uint64
	binary                          string
	dir                             string
}

func main() {
	var p plan
	flag.IntVar(&p.cuts, "cuts", 500, "how many cuts")
	flag.IntVar(&p.each, "each", 2500, "the most cuts of one recording")
	flag.IntVar(&p.people, "people", 2, "how many people use each realm")
	flag.IntVar(&p.servedEvery, "served-every", 100, "of so many cuts one is served by the binary and asked over HTTP")
	flag.DurationVar(&p.seconds, "record", 3*time.Second, "for how long people use the server in one recording")
	flag.Uint64Var(&p.seed, "seed", 0, "of everything that is random; 0: the time")
	flag.StringVar(&p.binary, "usher", "", "the usher binary; built from this tree when empty")
	flag.StringVar(&p.dir, "dir", "", "where to rebuild folders; default: /dev/shm where there is one")
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
	t := &totals{Seed: p.seed, At: time.Now().UTC().Format(time.RFC3339), Commit: rig.Commit()}
	err := p.run(ctx, t)
	if err == nil && *results != "" {
		err = rig.AppendResult(*results, t)
	}
	if err == nil {
		fmt.Println(t)
		if t.Violations > 0 || t.Cuts < p.cuts {
			err = fmt.Errorf("%d violations in %d cuts", t.Violations, t.Cuts)
		}
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

// totals are the sums of a run.
type totals struct {
	At         string  `json:"at"`
	Commit     string  `json:"commit"`
	Seed       uint64  `json:"seed"`
	Recordings int     `json:"recordings"`
	Calls      int     `json:"calls"` // that changed the folder or synced it
	Answers    int     `json:"answers"`
	Cuts       int     `json:"cuts"`
	Served     int     `json:"served"`
	Violations int     `json:"violations"`
	Seconds    float64 `json:"seconds"`
}

func (t *totals) String() string {
	return fmt.Sprintf("powercut: %d cuts, %d violations; %d recordings of %d calls and %d answers; %d folders served over HTTP; %.0f s",
		t.Cuts, t.Violations, t.Recordings, t.Calls, t.Answers, t.Served, t.Seconds)
}

// printSum adds up a file of results.
func printSum(file string) error {
	runs, err := rig.ReadResults[totals](file)
	if err != nil {
		return err
	}
	var sum totals
	for _, t := range runs {
		sum.Recordings += t.Recordings
		sum.Calls += t.Calls
		sum.Answers += t.Answers
		sum.Cuts += t.Cuts
		sum.Served += t.Served
		sum.Violations += t.Violations
		sum.Seconds += t.Seconds
	}
	fmt.Printf("%d runs\n%s\n", len(runs), &sum)
	if sum.Violations > 0 {
		return fmt.Errorf("%d violations", sum.Violations)
	}
	return nil
}

func (p *plan) run(ctx context.Context, t *totals) error {
	begun := time.Now()
	defer func() { t.Seconds = time.Since(begun).Seconds() }()
	if p.dir == "" {
		p.dir = os.TempDir()
		if _, err := os.Stat("/dev/shm"); err == nil {
			p.dir = "/dev/shm"
		}
	}
	dir, err := os.MkdirTemp(p.dir, "usher-powercut-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if p.binary == "" {
		if p.binary, err = rig.Build(ctx, dir); err != nil {
			return err
		}
	}
	for t.Cuts < p.cuts && ctx.Err() == nil && t.Violations == 0 {
		t.Recordings++
		here := filepath.Join(dir, fmt.Sprint("recording", t.Recordings))
		if err := os.Mkdir(here, 0o700); err != nil {
			return err
		}
		rec, err := p.record(ctx, here, p.seed+uint64(t.Recordings))
		if err != nil {
			return fmt.Errorf("recording: %w", err)
		}
		if err := p.cutUp(ctx, rec, here, min(p.each, p.cuts-t.Cuts), t); err != nil {
			return err
		}
		if err := os.RemoveAll(here); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// workers judge cuts side by side.
func workers() int { return max(2, runtime.GOMAXPROCS(0)) }

// indented makes a violation readable under its first line.
func indented(err error) string { return strings.ReplaceAll(err.Error(), "\n", "\n  ") }
