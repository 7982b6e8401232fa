package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a process that listens: an Usher or the limit.
type Server struct {
	Cmd     *exec.Cmd
	Address string
	Talk    *bytes.Buffer // read it only after Done
	// Done is closed when the process has ended; Err then says how.
	Done chan struct{}
	Err  error
}

// Build makes the usher binary of this tree.
func Build(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(dir, "usher")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", out, "github.com/seed-a6a28e10/usher/cmd/usher")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building usher: %w\n%s", err, b)
	}
	return out, nil
}

// FreeAddress asks the kernel for a port that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Options say how to run a server; the zero value of a field picks a default.
type Options struct {
	Dir        string // holds the data folder, the key and the configuration
	RealmFile  string
	Address    string // of the public listener
	Management string
	PublicURL  string // default: http://{Address}
	// Settings are further lines of the configuration.
	Settings string
	// TLS says that the public listener speaks https.
	TLS bool
	// Wrap is a command that runs the server's, e.g. a tracer.
	Wrap []string
}

// StartUsher runs `usher serve` with default settings, save the API's limit of
// requests a minute, and returns when the port answers.
func StartUsher(ctx context.Context, binary string, o Options) (*Server, error) {
	config, err := o.configure()
	if err != nil {
		return nil, err
	}
	line := append(append([]string{}, o.Wrap...), binary, "serve", "--config", config)
	s := &Server{Cmd: exec.CommandContext(ctx, line[0], line[1:]...), Address: o.Address, Talk: new(bytes.Buffer), Done: make(chan struct{})}
	s.Cmd.Stdout, s.Cmd.Stderr = s.Talk, s.Talk
	if err := s.Cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.Err = s.Cmd.Wait()
		close(s.Done)
	}()
	return s, s.answers(ctx, o.TLS)
}

// configure writes the master key, unless it is there, and the configuration.
func (o *Options) configure() (string, error) {
	var err error
	if o.Address == "" {
		if o.Address, err = FreeAddress(); err != nil {
			return "", err
		}
	}
	if o.Management == "" {
		o.Management = "127.0.0.1:0"
	}
	if o.PublicURL == "" {
		o.PublicURL = "http://" + o.Address
	}
	key := filepath.Join(o.Dir, "master.key")
	if _, err := os.Stat(key); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(key, []byte(strings.Repeat("6b", 32)+"\n"), 0o600); err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf("public_url: %s\nlisten: %s\nmanagement_listen: %s\ndata: %s\nmaster_key_file: %s\napi_rate_limit: 0\n",
		o.PublicURL, o.Address, o.Management, filepath.Join(o.Dir, "data"), key)
	if o.RealmFile != "" {
		text += "realm_file: " + o.RealmFile + "\n"
	}
	text += o.Settings
	config := filepath.Join(o.Dir, "usher.yaml")
	return config, os.WriteFile(config, []byte(text), 0o600)
}

func (s *Server) answers(ctx context.Context, https bool) error {
	for {
		if s.answered(https) == nil {
			return nil
		}
		select {
		case <-s.Done:
			return fmt.Errorf("usher ended: %w\n%s", s.Err, s.Talk)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// answered asks for something: the port takes connections before there is
// anything to serve.
func (s *Server) answered(https bool) error {
	c, err := Dial(s.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	if https {
		if err := c.handshake(); err != nil {
			return err
		}
	}
	_, _, err = c.Do(Request{Method: "GET", Path: "/auth/realms/platform"})
	return err
}

// Stop asks the process to end and waits until it has.
func (s *Server) Stop() error {
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.Done
	return nil
}

// Kill ends the process at once.
func (s *Server) Kill() { _ = s.Cmd.Process.Kill() } // it may have ended by itself

// Memory is the resident memory of the process in MiB.
func (s *Server) Memory() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(f[1], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}

func TokenPath(realm string) string {
	return "/auth/realms/" + realm + "/protocol/openid-connect/token"
}

func PasswordGrant(realm, user string) Request {
	return Request{Method: "POST", Path: TokenPath(realm), Form: url.Values{
		"client_id": {Client}, "grant_type": {"password"}, "scope": {"openid"}, "username": {user}, "password": {Password},
	}.Encode()}
}

func RefreshGrant(realm, refresh string) Request {
	return Request{Method: "POST", Path: TokenPath(realm),
		Form: "grant_type=refresh_token&client_id=" + Client + "&refresh_token=" + refresh}
}
