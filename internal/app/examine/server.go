package examine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/doctor"
)

// invented is a client address that no client has (RFC 5737).
const invented = "192.0.2.77"

// askServer asks the server of the data folder for its status.
func askServer(ctx context.Context, o Options) (found doctor.Server, status api.Status) {
	found.Own = o.Version
	err := order(ctx, o, http.MethodGet, api.AdminStatus, http.StatusOK, &status)
	switch {
	case err == nil:
		found.Running, found.Version, found.PID = true, status.Version, status.PID
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED): // nobody listens
	default:
		found.Refused = err
	}
	return found, status
}

// sendProbe announces a probe at the running server's socket, sends it through
// the public URL under an invented client address, and asks how it arrived. nil
// where the server takes no probes.
func sendProbe(ctx context.Context, o Options, client *http.Client, origin string) *doctor.Proxy {
	var probe api.Probe
	if order(ctx, o, http.MethodPost, api.AdminProbes, http.StatusCreated, &probe) != nil {
		return nil
	}
	answer, err := get(ctx, client, origin+probe.Path, http.Header{"X-Forwarded-For": {invented}}, &doctor.Address{})
	if err != nil {
		return &doctor.Proxy{}
	}
	answer.Body.Close()
	var seen api.ProbeSeen
	if order(ctx, o, http.MethodGet, api.AdminPath(api.AdminProbe, probe.ID), http.StatusOK, &seen) != nil {
		return &doctor.Proxy{}
	}
	return &doctor.Proxy{Arrived: true, Invented: invented, ForwardedFor: strings.Join(seen.ForwardedFor, ", "),
		Seen: seen.Address, Peer: seen.Peer, Trusted: seen.Trusted, Secure: seen.Secure}
}

// order sends a request to the admin socket and reads the answer.
func order(ctx context.Context, o Options, method, path string, want int, into any) error {
	client := &http.Client{Timeout: o.Patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return o.Dial(ctx) },
	}}
	q, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(into)
}
