package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/config"
)

// healthLimit bounds the question and the answer.
const (
	healthLimit  = 2 * time.Second
	healthAnswer = 64 << 10
)

func (w *world) healthCommand() *cobra.Command {
	var address string
	var live bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a server on this machine whether it is ready",
		Long: `Ask the management listener of a server on this machine whether it is ready.
Exit code 0: it is; 1: it is not, or nobody answers. Made for the health check
of a container, where the server's own variables are set.`,
		Example: "  usher health\n  usher health --live --management-listen 127.0.0.1:9000",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return w.health(c.Context(), address, live) },
	}
	defaults := config.Defaults()
	c.Flags().StringVar(&address, "management-listen", "", "the server's management `address` (default USHER_MANAGEMENT_LISTEN, else "+defaults.ManagementListen+")")
	c.Flags().BoolVar(&live, "live", false, "ask only whether the process runs")
	return c
}

func (w *world) health(ctx context.Context, address string, live bool) error {
	if address == "" {
		address = w.variable("USHER_MANAGEMENT_LISTEN")
	}
	if address == "" {
		address = config.Defaults().ManagementListen
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return usage(err, "write host:port, e.g. --management-listen 127.0.0.1:9000")
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	path := "/health/ready"
	if live {
		path = "/health/live"
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	status, failing, err := askHealth(ctx, "http://"+net.JoinHostPort(host, port)+path)
	switch {
	case err != nil:
		return failed(err, "is `usher serve` running, and is this its management_listen?")
	case status != http.StatusOK:
		return failed(fmt.Errorf("not ready: %s", failing), "")
	}
	_, err = fmt.Fprintln(w.stdout, "UP")
	return err
}

// askHealth returns the status, and what fails by the answer's own words.
func askHealth(ctx context.Context, url string) (status int, failing string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true} // this machine: no proxy stands before it
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	var said struct {
		Checks []struct {
			Name, Status string
			Data         map[string]string
		}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, healthAnswer))
	err = errors.Join(err, answer.Body.Close())
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	var down []string
	for _, c := range said.Checks {
		if c.Status != "UP" {
			down = append(down, c.Name+": "+c.Data["error"])
		}
	}
	return answer.StatusCode, strings.Join(down, "; "), err
}
