package telemetry

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestKey names one series of requests.
type requestKey struct {
	route, method string
	status        int
}

// requestSeries saves the label look-ups of one requestKey.
type requestSeries struct {
	count    prometheus.Counter
	duration prometheus.Observer
}

// maxRequestSeries bounds the saved look-ups; there are fewer routes times
// methods times statuses than this.
const maxRequestSeries = 1024

// Request records an answered request. route is a pattern that stands in code,
// never a request's path.
func (m *Metrics) Request(route, method string, status int, elapsed time.Duration) {
	if m == nil {
		return
	}
	if !slices.Contains(methods, method) {
		method = other
	}
	k := requestKey{route, method, status}
	m.mu.RLock()
	s, ok := m.series[k]
	m.mu.RUnlock()
	if !ok {
		s = m.request(k)
	}
	s.count.Inc()
	s.duration.Observe(elapsed.Seconds())
}

func (m *Metrics) request(k requestKey) requestSeries {
	code := other
	if k.status >= 100 && k.status <= 599 {
		code = strconv.Itoa(k.status)
	}
	s := requestSeries{
		count:    m.requests.WithLabelValues(k.route, k.method, code),
		duration: m.durations.WithLabelValues(k.route, k.method),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.series) < maxRequestSeries {
		m.series[k] = s
	}
	return s
}
