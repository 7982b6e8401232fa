package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/rig"
)

// slowLimit is how long a client may take for its request.
const slowLimit = 10 * time.Second

// slowClients opens many connections that send one byte now and then, of a
// header or of a body. Honest clients must hardly notice, memory stays bounded,
// and each slow connection is closed by the server after its time.
func slowClients(ctx context.Context, l *lab) (string, error) {
	s, _, err := l.serve(ctx, rig.Options{})
	if err != nil {
		return "", err
	}
	defer s.Kill()
	g, err := login(s.Address, "platform", 0)
	if err != nil {
		return "", err
	}
	alone := newPulse(s.Address, vms(g.Access))
	alone.during(l.seconds/2, 200, 8)
	empty, err := s.Memory()
	if err != nil {
		return "", err
	}
	herd, err := newHerd(ctx, s.Address, l.clients)
	if err != nil {
		return "", err
	}
	defer herd.end()
	opened := time.Now()
	beside := newPulse(s.Address, vms(g.Access))
	beside.during(l.seconds, 200, 8)
	full, err := s.Memory()
	if err != nil {
		return "", err
	}
	if err := beside.only(http.StatusOK); err != nil {
		return "", fmt.Errorf("honest requests: %w", err)
	}
	// On an idle machine an answer takes less than the clock of a loaded one
	// can tell: twice a millisecond is the least that is held against it.
	was, is := max(alone.p99(), time.Millisecond), beside.p99()
	if !l.within(is, 2*was) {
		return "", fmt.Errorf("p99 of honest requests went from %s to %s", was, is)
	}
	if full-empty > 200 {
		return "", fmt.Errorf("memory grew by %.0f MiB", full-empty)
	}
	if _, err := eventually(30*time.Second, herd.allClosed); err != nil {
		return "", err
	}
	closed := time.Since(opened)
	if !l.within(closed, max(l.seconds, slowLimit)+2*time.Second) {
		return "", fmt.Errorf("the last was closed after %s", closed)
	}
	return fmt.Sprintf("%d slow connections; honest p99 %s beside %s alone; %+.0f MiB; all closed by the server within %s",
		l.clients, is.Round(time.Microsecond), alone.p99().Round(time.Microsecond), full-empty, closed.Round(time.Second)), nil
}

// herd are slow connections.
type herd struct {
	stop  context.CancelFunc
	group sync.WaitGroup
	open  atomic.Int64
}

func newHerd(ctx context.Context, address string, n int) (*herd, error) {
	ctx, stop := context.WithCancel(ctx)
	h := &herd{stop: stop}
	for i := range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			h.end()
			return nil, err
		}
		h.open.Add(1)
		h.group.Go(func() {
			defer h.open.Add(-1)
			defer c.Close()
			drip(ctx, c, i)
		})
	}
	return h, nil
}

// drip sends the beginning of a request and then a byte a second, until the
// server closes the connection.
func drip(ctx context.Context, c net.Conn, i int) {
	begin := "GET /v1/vms HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
	if i%2 == 1 {
		begin = "POST " + rig.TokenPath("platform") + " HTTP/1.1\r\nHost: localhost\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n"
	}
	if _, err := c.Write([]byte(begin)); err != nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for buf := make([]byte, 512); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-closed:
			return
		case <-tick.C:
			if _, err := c.Write([]byte("a")); err != nil {
				return
			}
		}
	}
}

func (h *herd) allClosed() error {
	if n := h.open.Load(); n > 0 {
		return fmt.Errorf("%d slow connections are still open", n)
	}
	return nil
}

func (h *herd) end() {
	h.stop()
	h.group.Wait()
}
