package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Gauge is a value that is read when the metrics are.
type Gauge struct{ name, help string }

// The gauges a server has.
var (
	HashQueueLength  = Gauge{"usher_hash_queue_length", "Logins that wait for a hash slot."}
	HashSlots        = Gauge{"usher_hash_slots", "Hash slots."}
	HashSlotsBusy    = Gauge{"usher_hash_slots_busy", "Hash slots in use."}
	FeedAge          = Gauge{"usher_feed_age_seconds", "Time since the store last confirmed the revocation feed."}
	FeedEntries      = Gauge{"usher_feed_entries", "Revocations in force."}
	RememberedTokens = Gauge{"usher_remembered_tokens", "Access tokens whose signature need not be checked again."}
	ConfigVersion    = Gauge{"usher_config_version", "Version of the configuration in force."}
	ConfigAge        = Gauge{"usher_config_age_seconds", "Time since the configuration in force was last known to be the stored one."}
	StoreQueueLength = Gauge{"usher_store_queue_length", "Writes that wait for the committer."}
	SessionsOpen     = Gauge{"usher_sessions_open", "User sessions that are stored, counted once a minute."}
	CertificateEnds  = Gauge{"usher_tls_certificate_expiry_timestamp_seconds", "When the certificate of the public listener ends."}
	EventSealAge     = Gauge{"usher_event_seal_age_seconds", "Time since nothing was left to seal of the event record."}
	SealedRow        = Gauge{"usher_events_sealed_row", "Last sealed row of the event record."}
	UnsealedEvents   = Gauge{"usher_events_unsealed", "Events that are not sealed yet."}
	Ready            = Gauge{"usher_ready", "1 when the readiness check passes."}
)

// Watch publishes g, read by value, which must be cheap and safe for
// concurrent use. It panics when g is watched already.
func (m *Metrics) Watch(g Gauge, value func() float64) {
	if m != nil {
		m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, value))
	}
}
