package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// fullDisk lets the database grow no further, as a full disk would. What must
// be written is 503 with Retry-After; what needs no write goes on; and all is
// well again soon after there is room, without a restart.
func fullDisk(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	before, err := login(s.Address, "es-rotating", 0)
	if err != nil {
		return "", err
	}
	reader, err := login(s.Address, "platform", 0)
	if err != nil {
		return "", err
	}
	// Room for nothing: the first page of the log is beyond it already.
	if err := limitFileSize(s.Cmd.Process.Pid, 4096); err != nil {
		return "", err
	}
	refused := 0
	for i := range 50 {
		status, body, header, err := ask(s.Address, rig.PasswordGrant("es-rotating", rig.UserName(1+i%20)))
		if err != nil {
			return "", err
		}
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			return "", fmt.Errorf("a login on a full disk: %d %.200s", status, body)
		}
		refused++
	}
	if err := unharmed(s.Address, reader.Access); err != nil {
		return "", fmt.Errorf("on a full disk: %w", err)
	}
	status, body, _, err := ask(s.Address, rig.RefreshGrant("es-rotating", before.Refresh))
	if err != nil || status != http.StatusServiceUnavailable {
		return "", fmt.Errorf("a rotation on a full disk: %d %.200s %w", status, body, orOK(err))
	}
	if err := limitFileSize(s.Cmd.Process.Pid, unix.RLIM_INFINITY); err != nil {
		return "", err
	}
	took, err := eventually(5*time.Second, func() error {
		_, err := login(s.Address, "es-rotating", 1)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("with room again: %w", err)
	}
	if status, body, _, err := ask(s.Address, rig.RefreshGrant("es-rotating", before.Refresh)); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("the refused rotation, tried again: %d %.200s %w", status, body, orOK(err))
	}
	return fmt.Sprintf("%d logins refused with 503 and Retry-After, reads unharmed, well again after %s", refused, took.Round(time.Millisecond)), nil
}

func limitFileSize(pid int, bytes uint64) error {
	return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil)
}

// unharmed asks for what needs no write.
func unharmed(address, access string) error {
	for _, path := range []string{
		"/auth/realms/platform/.well-known/openid-configuration",
		"/auth/realms/platform/protocol/openid-connect/certs",
		"/auth/realms/platform",
	} {
		if status, _, _, err := ask(address, rig.Request{Method: "GET", Path: path}); err != nil || status != http.StatusOK {
			return fmt.Errorf("%s: %d %w", path, status, orOK(err))
		}
	}
	status, body, _, err := ask(address, rig.Request{Method: "GET", Path: "/v1/vms", Authorization: access})
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("/v1/vms: %d %.200s %w", status, body, orOK(err))
	}
	return nil
}

// failedSync lets the n-th sync of the database or its log fail. Nothing may
// be acknowledged after it; the process ends by itself, not with success; and
// the next one finds everything that was acknowledged.
func failedSync(ctx context.Context, l *lab) (string, error) {
	rounds, acknowledged := 0, 0
	for n := 1; n <= 50; n += max(1, 50/int(1+l.seconds/time.Second)) {
		held, err := syncRound(ctx, l, n)
		if err != nil {
			return "", fmt.Errorf("sync %d: %w", n, err)
		}
		rounds++
		acknowledged += held
	}
	return fmt.Sprintf("%d failed syncs, each ended the process; %d acknowledged logins, all there afterwards", rounds, acknowledged), nil
}

// syncRound starts a server whose syncs fail from the n-th after the start on,
// and returns how many logins were acknowledged and found again.
func syncRound(ctx context.Context, l *lab, n int) (int, error) {
	s, o, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return 0, err
	}
	if err := s.Stop(); err != nil {
		return 0, err
	}
	data := filepath.Join(o.Dir, "data")
	o.Wrap = []string{"strace", "-D", "-f", "-qq", "-o", os.DevNull,
		"-P", filepath.Join(data, "usher.db"), "-P", filepath.Join(data, "usher.db-wal"),
		"-e", "trace=fsync,fdatasync", "-e", fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d+", n)}
	s, o, err = l.serve(ctx, o)
	if err != nil {
		select { // a sync of the start itself failed: it must say so and end
		case <-s.Done:
			if s.Err != nil && strings.Contains(s.Talk.String(), "input/output error") {
				return 0, l.foundAgain(ctx, o, nil)
			}
		default:
		}
		return 0, err
	}
	defer s.Kill()
	var kept []string
	for i := 0; ; i++ {
		g, err := login(s.Address, "es-reusable", i%100)
		if err != nil {
			break
		}
		kept = append(kept, g.Refresh)
		if len(kept) > 400 {
			return 0, fmt.Errorf("400 logins were acknowledged although sync %d failed", n)
		}
	}
	select {
	case <-s.Done:
	case <-time.After(10 * time.Second):
		return 0, fmt.Errorf("the process goes on after a failed sync")
	}
	if s.Err == nil {
		return 0, fmt.Errorf("the process ended with success after a failed sync")
	}
	return len(kept), l.foundAgain(ctx, o, kept)
}

// foundAgain starts a server over the folder that a fault left behind, and
// refreshes every session that was acknowledged.
func (l *lab) foundAgain(ctx context.Context, o rig.Options, kept []string) error {
	o.Wrap = nil
	s, _, err := l.serve(ctx, o)
	if err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	defer s.Stop()
	for i, refresh := range kept {
		status, body, _, err := ask(s.Address, rig.RefreshGrant("es-reusable", refresh))
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("acknowledged login %d of %d is lost: %d %.200s %w", i, len(kept), status, body, orOK(err))
		}
	}
	return nil
}
