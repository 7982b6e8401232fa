package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestUnits: systemd finds no fault in them.
func TestUnits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, text := printed(t, dir, "systemd", "usher.service")
	socket, _ := printed(t, dir, "socket", "usher.socket")
	// The binary is where the unit says on an operator's machine.
	write(t, service, strings.ReplaceAll(text, "/usr/local/bin/usher", lab.usher))
	if out := output(t, "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", service, socket); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
}

// TestExposure of the unit by systemd's own measure is at most 1.5 of 10.
func TestExposure(t *testing.T) {
	t.Parallel()
	service, _ := printed(t, t.TempDir(), "systemd", "usher.service")
	out := output(t, "systemd-analyze", "security", "--offline=true", "--no-pager", service)
	m := regexp.MustCompile(`Overall exposure level for usher.service: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no figure in\n%s", out)
	}
	got, err := strconv.ParseFloat(m[1], 64)
	if err != nil || got > 1.5 {
		t.Errorf("exposure %s, %v\n%s", m[1], err, out)
	}
	t.Logf("exposure %v", got)
}

// TestSystemCallFilter lets through what the server calls in its life, from
// start to stop.
func TestSystemCallFilter(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	_, text := printed(t, t.TempDir(), "systemd", "usher.service")
	for _, m := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(text, -1) {
		for _, name := range strings.Fields(m[2]) {
			for _, call := range callsOf(t, name) {
				allowed[call] = m[1] == ""
			}
		}
	}
	trace := filepath.Join(t.TempDir(), "calls")
	s, stop := dev(t, "strace", "-f", "-qq", "-o", trace)
	s.use(t)
	s.metrics(t)
	stop()
	calls, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(`).FindAllStringSubmatch(string(calls), -1) {
		seen[m[1]] = true
	}
	if os.Getuid() == 0 {
		delete(seen, "fchown") // SQLite's habit as root, which the service is not
	}
	if len(seen) < 20 {
		t.Fatalf("only %d calls were seen", len(seen))
	}
	for call := range seen {
		if !allowed[call] {
			t.Errorf("the unit's filter stops %s, which the server calls", call)
		}
	}
}

// callsOf are the system calls of a set, or the one named.
func callsOf(t *testing.T, name string) (out []string) {
	t.Helper()
	if !strings.HasPrefix(name, "@") {
		return []string{name}
	}
	for line := range strings.Lines(output(t, "systemd-analyze", "syscall-filter", "--no-pager", name)) {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#") || line == name:
		case strings.HasPrefix(line, "@"):
			out = append(out, callsOf(t, line)...)
		default:
			out = append(out, line)
		}
	}
	return out
}
