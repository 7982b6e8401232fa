package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// plan is what the flags say.
type plan struct {
	sessions, rate, rounds int
	seconds                time.Duration
	slack                  float64
	binary                 string
}

func main() {
	var p plan
	flag.IntVar(&p.sessions, "sessions", 100_000, "live sessions in the database")
	flag.IntVar(&p.rate, "rate", 200, "refreshes a second")
	flag.IntVar(&p.rounds, "rounds", 5, "slices without a backup and with one, in turn")
	seconds := flag.Int("seconds", 5, "least length of each slice, in seconds")
	flag.Float64Var(&p.slack, "slack", 1, "divides every bound on speed: 0.5 allows twice the time; for machines shared with other work")
	flag.StringVar(&p.binary, "usher", "", "the usher binary to try; built from this tree when empty")
	flag.Parse()
	p.seconds = time.Duration(*seconds) * time.Second
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	broken, err := run(ctx, p)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	fmt.Printf("backup: %d sessions, %d promises not held\n", p.sessions, broken)
	if err != nil || broken > 0 {
		os.Exit(1)
	}
}

// held prints what came of a promise, and counts it when it was broken.
func (t *trial) held(ok bool, format string, args ...any) {
	verdict := ""
	if !ok {
		t.broken++
		verdict = "NOT HELD: "
	}
	fmt.Printf("  %s%s\n", verdict, fmt.Sprintf(format, args...))
}
