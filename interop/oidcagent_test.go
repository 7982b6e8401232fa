package interop

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOIDCAgent runs Debian's oidc-agent with a home and a socket of its own.
// It asks for offline_access by itself, names the client in Basic with an empty
// secret, and sends the password without encoding it, a semicolon included.
func TestOIDCAgent(t *testing.T) {
	t.Parallel()
	s := lab.paced
	s.explain(t)
	env := startAgent(t)
	program(t, "", env, "oidc-gen", "--manual", "--flow=password", "--prompt=none", "--confirm-default",
		"--pw-env", "--issuer="+s.Issuer, "--client-id=anonymous", "--client-secret=", "--redirect-uri=",
		"--scope=openid", "--op-username="+viewer.name, "--op-password="+viewer.password, "platform")

	first := strings.TrimSpace(program(t, "", env, "oidc-token", "platform"))
	isViewersList(t, curl(t, "-H", "Authorization: Bearer "+first, s.API+"/vms").body)
	waitPast(t, first)
	if r := curl(t, "-H", "Authorization: Bearer "+first, s.API+"/vms"); r.status != 401 {
		t.Errorf("an expired access token got %d", r.status)
	}
	second := strings.TrimSpace(program(t, "", env, "oidc-token", "platform"))
	if second == first {
		t.Error("the agent did not refresh")
	}
	isViewersList(t, curl(t, "-H", "Authorization: Bearer "+second, s.API+"/vms").body)
	if claim(t, first, "session_state") != claim(t, second, "session_state") {
		t.Error("the agent's refresh opened another session")
	}
}

// startAgent starts an agent for this test alone and returns the environment
// that leads its tools to it.
func startAgent(t *testing.T) []string {
	t.Helper()
	home, err := os.MkdirTemp("", "agent") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Mkdir(filepath.Join(home, ".oidc-agent"), 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(home, "agent")
	env := []string{"HOME=" + home, "TMPDIR=" + home, "OIDC_ENCRYPTION_PW=interop", "OIDC_SOCK=" + socket}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "oidc-agent", "--console", "--socket-path="+socket)
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return env
		}
		if time.Now().After(deadline) {
			t.Fatalf("oidc-agent does not answer: %v", err)
		}
	}
}
