package telemetry

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Route records the requests of one route. Routes are named by their pattern,
// in code, never by a request's path.
type Route struct {
	m    *Metrics
	name string
	// last saves the label look-up for the usual method and status.
	last atomic.Pointer[routeSeries]
}

type routeSeries struct {
	method   string
	status   int
	requests prometheus.Counter
	duration prometheus.Observer
}

// Route makes the recorder of one route; keep it.
func (m *Metrics) Route(name string) *Route { return &Route{m: m, name: name} }

// Started counts a request in flight until done is called.
func (r *Route) Started() {
	if r.m != nil {
		r.m.inFlight.Inc()
	}
}

// Answered records a request's end and takes it out of flight.
func (r *Route) Answered(method string, status int, d time.Duration) {
	if r.m == nil {
		return
	}
	r.m.inFlight.Dec()
	s := r.last.Load()
	if s == nil || s.method != method || s.status != status {
		s = r.series(method, status)
		r.last.Store(s)
	}
	s.requests.Inc()
	s.duration.Observe(d.Seconds())
}

func (r *Route) series(method string, status int) *routeSeries {
	label, code := closed(methods, method), "other"
	if status >= 100 && status <= 599 {
		code = strconv.Itoa(status)
	}
	s := &routeSeries{
		status:   status,
		requests: r.m.requests.WithLabelValues(r.name, label, code),
		duration: r.m.durations.WithLabelValues(r.name, label),
	}
	if label == method { // a strange method is looked up each time, and does not stay in memory
		s.method = method
	}
	return s
}
