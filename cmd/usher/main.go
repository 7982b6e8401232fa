package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() { os.Exit(run()) }

// run is main with an exit code.
func run() int {
	tuneMemory()
	ctx, now, stop := signals()
	defer stop()
	w := world{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), now: now,
		firstAnswer: 10 * time.Second,
	}
	return w.main(ctx)
}

// world is what a command sees of the process.
type world struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	// now is closed by the second signal: stop at once.
	now <-chan struct{}
	// firstAnswer is how long a server may take to accept an operator's command
	// and to tell its status, which needs no store.
	firstAnswer time.Duration
}

// signals ends the context at the first SIGINT or SIGTERM and closes now at
// the second.
func signals() (ctx context.Context, now <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan os.Signal, 2)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	second := make(chan struct{})
	go func() {
		<-got
		cancel()
		<-got
		close(second)
	}()
	return ctx, second, func() { signal.Stop(got); cancel() }
}
