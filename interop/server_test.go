package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take that ought to take a second; the
// machine may be doing something else.
const patience = time.Minute

// server is a running `usher dev --json`, with the members it printed.
type server struct {
	Issuer        string `json:"issuer"`
	TokenEndpoint string `json:"token_endpoint"`
	API           string `json:"api"`
	Management    string `json:"management"`

	cmd    *exec.Cmd
	done   chan error
	log    string // path of its standard error
	ending sync.Once
}

func startRealm(dir string, change realmChange) (*server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	realm, err := writeRealm(dir, change)
	if err != nil {
		return nil, err
	}
	return start(dir, "--listen", "127.0.0.1:0", "--realm-file", realm)
}

// start runs `usher dev --json` with its data below dir and returns when it has
// said that it is ready.
func start(dir string, args ...string) (*server, error) {
	s := &server{}
	out, err := s.launch(dir, append([]string{"dev", "--json", "--data", filepath.Join(dir, "data")}, args...)...)
	if err != nil {
		return nil, err
	}
	if err := s.ready(out); err != nil {
		return nil, s.failed(err)
	}
	return s, nil
}

// launch starts the binary; its standard error goes to a file in dir.
func (s *server) launch(dir string, args ...string) (out io.Reader, err error) {
	s.log, s.done = filepath.Join(dir, "stderr"), make(chan error, 1)
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.Command(lab.usher, args...)
	s.cmd.Stderr = log
	if out, err = s.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return out, s.cmd.Start()
}

// failed ends a server that did not start and says what it said.
func (s *server) failed(err error) error {
	s.stop()
	said, _ := os.ReadFile(s.log)
	return fmt.Errorf("%w; it said:\n%s", err, said)
}

// ready reads the one object that says where the server is.
func (s *server) ready(out io.Reader) error {
	first := make(chan error, 1)
	go func() {
		r := bufio.NewReader(out)
		dec := json.NewDecoder(r)
		first <- dec.Decode(s)
		_, _ = io.Copy(io.Discard, out) // until it ends
		s.done <- s.cmd.Wait()
	}()
	select {
	case err := <-first:
		if err != nil {
			return fmt.Errorf("no JSON object on standard output: %w", err)
		}
	case <-time.After(patience):
		return errors.New("not ready in time")
	}
	return s.complete()
}

func (s *server) complete() error {
	for member, value := range map[string]string{"issuer": s.Issuer, "token_endpoint": s.TokenEndpoint, "api": s.API} {
		if _, err := url.ParseRequestURI(value); err != nil {
			return fmt.Errorf("member %s of the ready line: %w", member, err)
		}
	}
	s.API = strings.TrimSuffix(s.API, "/")
	if !strings.HasSuffix(s.API, "/v1") {
		s.API += "/v1"
	}
	return nil
}

// stop ends the server and waits for it; a second call does nothing.
func (s *server) stop() {
	s.ending.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.done:
		case <-time.After(15 * time.Second):
			_ = s.cmd.Process.Kill()
		}
	})
}

// explain shows the end of the server's log when the test fails.
func (s *server) explain(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		said, _ := os.ReadFile(s.log)
		t.Logf("the server's log ends:\n%s", said[max(0, len(said)-4000):])
	})
}

// program runs a program that must succeed and returns what it printed.
func program(t *testing.T, stdin string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", filepath.Base(name), err, errs.String(), out.String())
	}
	return out.String()
}
