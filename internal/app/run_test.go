package app_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// running is an Usher whose Run goes on beside the test.
type running struct {
	*apptest.Usher
	stop  context.CancelFunc
	now   chan struct{}
	ended chan error
}

func run(t *testing.T) *running {
	t.Helper()
	u := apptest.Start(t, apptest.Options{Config: func(c *app.Config) { c.DrainDelay = time.Hour }})
	ctx, stop := context.WithCancel(t.Context())
	r := &running{Usher: u, stop: stop, now: make(chan struct{}), ended: make(chan error, 1)}
	go func() { r.ended <- u.Run(ctx, r.now) }()
	return r
}

func (r *running) status(t *testing.T, url string) int {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Close = true
	status, _ := do(t, q)
	return status
}

// drains waits until readiness fell.
func (r *running) drains(t *testing.T) {
	t.Helper()
	for r.status(t, r.Management+"/health/ready") != http.StatusServiceUnavailable {
		if t.Context().Err() != nil {
			t.Fatal("readiness never fell")
		}
	}
}

// TestGracefulStop: readiness falls first, the listener answers for the drain
// delay, and a request under way is finished before the end.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	r := run(t)
	if got := r.status(t, r.Management+"/health/ready"); got != http.StatusOK {
		t.Fatalf("not ready: %d", got)
	}
	var d net.Dialer
	slow, err := d.DialContext(t.Context(), "tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const form = "grant_type=password&client_id=anonymous&username=nobody&password=x"
	fmt.Fprintf(slow, "POST /auth/realms/platform/protocol/openid-connect/token HTTP/1.1\r\nHost: x\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(form))
	answer := bufio.NewReader(slow)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // the handler waits for the body
		t.Fatalf("%q %v", line, err)
	}
	r.stop()
	r.drains(t)
	if got := r.status(t, r.URL+"/auth/realms/platform"); got != http.StatusOK {
		t.Errorf("not answering during the drain delay: %d", got)
	}
	r.Clock.Advance(time.Hour)
	for { // until the listener is closed
		c, err := d.DialContext(t.Context(), "tcp", r.Addr())
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-r.ended:
		t.Fatalf("ended with a request under way: %v", err)
	default:
	}
	fmt.Fprint(slow, form)
	if _, err := answer.ReadString('\n'); err != nil { // the blank line of 100 Continue
		t.Fatal(err)
	}
	if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 401") {
		t.Errorf("the request under way got %q %v", line, err)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}

// TestSecondSignalStopsAtOnce, whatever the drain delay.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	r := run(t)
	r.stop()
	r.drains(t)
	close(r.now)
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}

// TestStorageFaultEndsRun with an error that makes the process exit non-zero.
func TestStorageFaultEndsRun(t *testing.T) {
	t.Parallel()
	r := run(t)
	cause := errors.New("fsync: input/output error")
	r.Fail(cause)
	if err := <-r.ended; !errors.Is(err, app.ErrFatal) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
