package manage

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config are the parts of the management listener.
type Config struct {
	// Ready are the checks of /health/ready and /health. One of them should do
	// the cheap half of a token request on the writer path.
	Ready []Check
	// Deadline of all checks together; 0: 800 ms.
	Deadline time.Duration
	Metrics  prometheus.Gatherer
	Log      *slog.Logger
}

// Manage answers health, metrics and profiles.
type Manage struct {
	checks   []*shared
	deadline time.Duration
	metrics  prometheus.Gatherer
	log      *slog.Logger
	started  atomic.Bool
	stopping atomic.Bool
	ready    atomic.Bool // at the last check
}

// New makes the management endpoints; /health/started is DOWN until Started.
func New(c Config) *Manage {
	m := &Manage{deadline: c.Deadline, metrics: c.Metrics, log: c.Log}
	if m.deadline <= 0 {
		m.deadline = defaultDeadline
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	all := append([]Check{
		{"Usher Initialized", m.initialized},
		{"Graceful Shutdown", m.running},
	}, c.Ready...)
	for _, k := range all {
		m.checks = append(m.checks, &shared{Check: k})
	}
	return m
}

// Started says that everything was loaded and the public listener answers.
func (m *Manage) Started() { m.started.Store(true) }

// Stop makes the readiness fall: the first step of a graceful stop.
func (m *Manage) Stop() { m.stopping.Store(true) }

// Ready checks the readiness, as a probe of it does.
func (m *Manage) Ready(ctx context.Context) bool { return m.check(ctx).Status == up }

func (m *Manage) check(ctx context.Context) health {
	h := m.run(ctx, m.checks)
	is := h.Status == up
	switch { // log the change, not every probe
	case m.ready.Swap(is) == is:
	case is:
		m.log.Info("readiness changed", "status", h.Status)
	default:
		m.log.Warn("readiness changed", "status", h.Status, "failing", h.failing())
	}
	return h
}

func (m *Manage) initialized(context.Context) error {
	if !m.started.Load() {
		return errors.New("still starting")
	}
	return nil
}

func (m *Manage) running(context.Context) error {
	if m.stopping.Load() {
		return errors.New("stopping")
	}
	return nil
}

// Mount puts the endpoints on mux. Keycloak answers every method on its health
// paths, so probes that send HEAD or POST work here too.
func (m *Manage) Mount(mux *http.ServeMux) {
	for _, p := range []string{"/health", "/health/ready"} {
		mux.HandleFunc(p, m.serveReady)
	}
	mux.HandleFunc("/health/live", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, health{Status: up, Checks: []result{}})
	})
	mux.HandleFunc("/health/started", m.serveStarted)
	if m.metrics != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(m.metrics, promhttp.HandlerOpts{
			EnableOpenMetrics: true, ErrorLog: promErrors{m.log}, MaxRequestsInFlight: 4,
		}))
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
}

func (m *Manage) serveReady(w http.ResponseWriter, r *http.Request) {
	answer(w, m.check(r.Context()))
}

func (m *Manage) serveStarted(w http.ResponseWriter, r *http.Request) {
	h := m.run(r.Context(), m.checks[:1])
	h.Checks = []result{} // as Keycloak: the status alone
	answer(w, h)
}

// promErrors gives the exporter's complaints to the structured log.
type promErrors struct{ log *slog.Logger }

func (p promErrors) Println(v ...any) { p.log.Error("metrics", "error", v) }
