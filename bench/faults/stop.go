package main

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// impatientStop sends the second signal while the first one's stop still
// drains: the process ends at once, and everything acknowledged is there.
func impatientStop(ctx context.Context, l *lab) (string, error) {
	o := rig.Options{Settings: "drain_delay: 30s\n"}
	s, o, err := l.serve(ctx, o)
	if err != nil {
		return "", err
	}
	defer s.Kill()
	var kept []string
	for i := range 20 {
		g, err := login(s.Address, "es-reusable", i)
		if err != nil {
			return "", err
		}
		kept = append(kept, g.Refresh)
	}
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	time.Sleep(200 * time.Millisecond)
	if status, _, _, err := ask(s.Address, rig.RefreshGrant("es-reusable", kept[0])); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("while draining: %d %w", status, orOK(err))
	}
	begun := time.Now()
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	select {
	case <-s.Done:
	case <-time.After(5 * time.Second):
		return "", fmt.Errorf("the process goes on 5 s after the second signal")
	}
	took := time.Since(begun)
	if err := l.foundAgain(ctx, o, kept); err != nil {
		return "", err
	}
	return fmt.Sprintf("ended %s after the second signal; %d acknowledged logins are there", took.Round(time.Millisecond), len(kept)), nil
}
