package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// fault is one way to hurt a server, with the line that says what held.
type fault struct {
	name string
	what string
	run  func(context.Context, *lab) (string, error)
}

func faults() []fault {
	return []fault{
		{"disk", "a full disk, then room again", fullDisk},
		{"sync", "a sync that fails", failedSync},
		{"slow", "clients that send a byte now and then", slowClients},
		{"flood", "connections that ask nothing, half-open TLS, HTTP/2 resets", flood},
		{"logins", "ten times the logins that can be hashed", loginStorm},
		{"refreshes", "every token expires in the same second", refreshStorm},
		{"retries", "clients that try again at once after an outage", retryStorm},
		{"descriptors", "256 file descriptors", fewDescriptors},
		{"certificate", "certificates replaced under new connections", certificates},
		{"stop", "a second signal while a stop drains", impatientStop},
	}
}

func main() {
	only := flag.String("only", "all", "comma-separated names of faults, or all")
	seconds := flag.Int("seconds", 10, "length of each measured stretch, in seconds")
	clients := flag.Int("clients", 1000, "slow clients, and connections of a flood; what the descriptor limit allows at most")
	slack := flag.Float64("slack", 1, "divides every bound on speed: 0.5 allows twice the time; for machines shared with other work")
	binary := flag.String("usher", "", "the usher binary to hurt; built from this tree when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := run(ctx, strings.Split(*only, ","), &lab{
		seconds: time.Duration(*seconds) * time.Second, clients: *clients, slack: *slack, binary: *binary,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, only []string, l *lab) (failed int, err error) {
	all := faults()
	for _, name := range only {
		if name != "all" && !slices.ContainsFunc(all, func(f fault) bool { return f.name == name }) {
			return 0, fmt.Errorf("there is no fault %q", name)
		}
	}
	if err := l.prepare(ctx); err != nil {
		return 0, err
	}
	defer l.clean()
	done := 0
	for _, f := range all {
		if !slices.Contains(only, "all") && !slices.Contains(only, f.name) {
			continue
		}
		line, err := f.run(ctx, l)
		done++
		if err != nil {
			failed++
			line = "NOT HELD: " + err.Error()
		}
		fmt.Printf("%-12s %s: %s\n", f.name, f.what, line)
	}
	fmt.Printf("faults: %d run, %d not held\n", done, failed)
	return failed, ctx.Err()
}
