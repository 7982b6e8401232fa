package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a running `usher`.
type process struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *buffer
	exited chan error
	once   sync.Once
	err    error
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs usher until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.Command("usher", args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return launch(t, cmd)
}

// launch starts a command until the test ends.
func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, stderr: &buffer{}, exited: make(chan error, 1)}
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", strings.Join(cmd.Args, " "), p.stderr)
		}
	})
	return p
}

func (p *process) wait() error {
	p.once.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// stop sends a signal and waits for a clean end; it returns what was still
// printed.
func (p *process) stop(t *testing.T, signal os.Signal) string {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(p.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(); err != nil {
		t.Fatalf("not a clean end: %v\n%s", err, p.stderr)
	}
	return string(rest)
}

// dev starts `usher dev --json` on free ports and waits for its object.
func dev(t *testing.T, args ...string) (*process, readyObject) {
	t.Helper()
	p := start(t, append([]string{"dev", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		t.Fatalf("not ready: %v\n%s", err, p.stderr)
	}
	var r readyObject
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return p, r
}

// answer is what the token endpoint answers, member by member.
type answer map[string]any

func (a answer) text(name string) string { s, _ := a[name].(string); return s }

// curl runs the real one and reads JSON.
func curl(t *testing.T, args ...string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(curlText(t, args...), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func curlText(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "--fail-with-body"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("curl: %v\n%s%s", err, said.String(), out)
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// says waits until text is on standard error, which arrives here a little
// later than what the process does next.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.stderr.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is not said:\n%s", text, p.stderr)
		}
	}
}
