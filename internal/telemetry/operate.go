package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// zero makes the series of the small closed sets at once: what alerts and
// dashboards ask for is there before it first happens, and its first time is
// an increase.
func (m *Metrics) zero() {
	for _, one := range []struct {
		of  *prometheus.CounterVec
		set []string
	}{
		{m.logins, LoginOutcomes}, {m.sessions, SessionChanges}, {m.passwords, ClientKinds}, {m.damaged, DamagedTables},
	} {
		for _, v := range one.set {
			one.of.WithLabelValues(v)
		}
	}
	for _, v := range CommitOutcomes {
		m.commits.WithLabelValues(v)
	}
}

// HashWait records how long a login waited for a place to hash in.
func (m *Metrics) HashWait(d time.Duration) {
	if m != nil {
		m.waits.Observe(d.Seconds())
	}
}

// PasswordGrant counts a password grant by its client; see ClientKinds.
func (m *Metrics) PasswordGrant(client string) {
	if m != nil {
		m.passwords.WithLabelValues(closed(ClientKinds, client)).Inc()
	}
}

// Damaged counts a stored row whose sum does not fit; see DamagedTables.
func (m *Metrics) Damaged(table string) {
	if m != nil {
		m.damaged.WithLabelValues(closed(DamagedTables, table)).Inc()
	}
}

// Reloadable shows something as in force before it was ever loaded anew; see
// Reloadables.
func (m *Metrics) Reloadable(what string) {
	if m != nil {
		m.failing.WithLabelValues(closed(Reloadables, what)).Set(0)
		m.reloads.WithLabelValues(closed(Reloadables, what), "ok")
		m.reloads.WithLabelValues(closed(Reloadables, what), "failed")
	}
}

// Reload counts a reload, and shows whether the last one of its kind failed.
func (m *Metrics) Reload(what string, ok bool) {
	if m == nil {
		return
	}
	outcome, failing := "ok", 0.0
	if !ok {
		outcome, failing = "failed", 1
	}
	m.reloads.WithLabelValues(closed(Reloadables, what), outcome).Inc()
	m.failing.WithLabelValues(closed(Reloadables, what)).Set(failing)
}

// SigningKey is an active key, as a metric has it.
type SigningKey struct {
	Realm, Algorithm string
	Created          time.Time
}

// maxKeySeries bounds the series of signing keys; realms beyond it are left out.
const maxKeySeries = 256

// WatchKeys publishes when the active signing keys were made, read by list when
// the metrics are. Realms are an operator's, so their names may be labels.
func (m *Metrics) WatchKeys(list func() []SigningKey) {
	if m != nil {
		m.reg.MustRegister(&keyCollector{list: list, desc: prometheus.NewDesc("usher_signing_key_created_timestamp_seconds",
			"When the active signing key was made.", []string{"realm", "algorithm"}, nil)})
	}
}

type keyCollector struct {
	list func() []SigningKey
	desc *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *keyCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect implements prometheus.Collector.
func (c *keyCollector) Collect(out chan<- prometheus.Metric) {
	for i, k := range c.list() {
		if i == maxKeySeries {
			return
		}
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(k.Created.Unix()), k.Realm, k.Algorithm)
	}
}
