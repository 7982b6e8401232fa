package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "limit" {
		if err := serveLimit(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	seconds := flag.Int("seconds", 10, "length of each measurement in seconds, both sides together")
	sessions := flag.Int("sessions", 100_000, "live sessions to load for the comparison with 1,000; 0 leaves it out")
	rows := flag.String("rows", "all", "comma-separated names of the measurements, or all; see the table of docs/performance.md")
	slack := flag.Float64("slack", 1, "multiplies every bound: 0.9 forgives a tenth; for machines shared with other work")
	binary := flag.String("usher", "", "the usher binary to drive; built from this tree when empty")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := run(ctx, plan{
		seconds: *seconds, sessions: *sessions, slack: *slack, binary: *binary,
		rows: strings.Split(*rows, ","),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	if failed > 0 {
		os.Exit(1)
	}
}
