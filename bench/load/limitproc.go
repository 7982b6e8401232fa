package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// startLimit runs this program as the limit server.
func startLimit(ctx context.Context) (*rig.Server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &rig.Server{Cmd: exec.CommandContext(ctx, self, "limit", "127.0.0.1:0"), Talk: new(bytes.Buffer)}
	s.Cmd.Stderr = s.Talk
	out, err := s.Cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.Cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	s.Address = strings.TrimSpace(line)
	return s, err
}

// tell posts something to the limit server and reads a number back, if any.
func tell(ctx context.Context, s *rig.Server, path string, body []byte) (float64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("limit %s: %d %s", path, answer.StatusCode, b.String())
	}
	if b.Len() == 0 {
		return 0, nil
	}
	return strconv.ParseFloat(b.String(), 64)
}
