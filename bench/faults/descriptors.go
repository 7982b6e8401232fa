package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// fewDescriptors lets the process have 256 files and opens more connections
// than that. It may refuse some; it must neither end nor damage anything, and
// is well again once they are gone.
func fewDescriptors(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	if err := unix.Prlimit(s.Cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}, nil); err != nil {
		return "", err
	}
	g, err := login(s.Address, "es-reusable", 0)
	if err != nil {
		return "", err
	}
	kept, err := rig.Dial(s.Address) // a client that was there before
	if err != nil {
		return "", err
	}
	defer kept.Close()
	var crowd []net.Conn
	for range 600 {
		c, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil {
			break
		}
		crowd = append(crowd, c)
	}
	served := 0
	for range 20 {
		status, body, err := kept.Do(rig.RefreshGrant("es-reusable", g.Refresh))
		if err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable {
			return "", fmt.Errorf("a kept connection among the crowd: %d %.200s %w", status, body, orOK(err))
		}
		if status == http.StatusOK {
			served++
		}
	}
	for _, c := range crowd {
		c.Close()
	}
	took, err := eventually(10*time.Second, func() error { _, err := login(s.Address, "es-reusable", 1); return err })
	if err != nil {
		return "", fmt.Errorf("after the crowd: %w", err)
	}
	return fmt.Sprintf("%d connections; a kept one was served %d of 20 times; logins again after %s", len(crowd), served, took.Round(time.Millisecond)), nil
}
