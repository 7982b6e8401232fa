package telemetry

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// keycloak are counters under the names that dashboards made for Keycloak ask
// for. Keycloak's tags for client and identity provider are off by default
// there too, and absent here.
type keycloak struct {
	events      *prometheus.CounterVec
	validations *prometheus.CounterVec
	realms      bounded
	strengths   bounded
	errors      words
	types       words
}

// EnableKeycloak publishes Keycloak's counters too; before the first request.
func (m *Metrics) EnableKeycloak() {
	if m == nil {
		return
	}
	m.keycloak = &keycloak{
		events: counters("keycloak_user_events_total", "User events, as Keycloak counts them.", "realm", "event", "error"),
		validations: counters("keycloak_credentials_password_hashing_validations_total", "Passwords compared with a hash, as Keycloak counts them.",
			"realm", "algorithm", "hashing_strength", "outcome"),
	}
	m.reg.MustRegister(m.keycloak.events, m.keycloak.validations)
}

// UserEvent counts an event: realm is a realm's name, kind an event's type
// (LOGIN_ERROR), fault its error, "" for none.
func (m *Metrics) UserEvent(realm, kind, fault string) {
	if m == nil || m.keycloak == nil {
		return
	}
	k := m.keycloak
	if fault != "" {
		fault = k.errors.label(fault)
	}
	event := k.types.label(strings.TrimSuffix(strings.ToLower(kind), "_error"))
	k.events.WithLabelValues(k.realms.label(realm), event, fault).Inc()
}

// HashValidation counts a comparison of a password with a stored hash: its
// algorithm and cost as secret.Hasher names them, and valid, invalid or error.
func (m *Metrics) HashValidation(realm, algorithm, cost, outcome string) {
	if m == nil || m.keycloak == nil {
		return
	}
	k := m.keycloak
	if strings.HasPrefix(algorithm, "argon2") { // Keycloak: Argon2id-1.3[m=7168,t=5,p=1]
		cost = "Argon2" + strings.TrimPrefix(algorithm, "argon2") + "-1.3[" + strings.ReplaceAll(cost, " ", ",") + "]"
		algorithm = "argon2"
	} else {
		algorithm = closed(HashKinds, algorithm)
	}
	k.validations.WithLabelValues(k.realms.label(realm), algorithm, k.strengths.label(cost),
		closed([]string{"valid", "invalid", "error"}, outcome)).Inc()
}

// bounded is a label set that is closed by its size: names of realms, costs of
// imported hashes. They are an operator's, never a client's.
type bounded struct {
	mu    sync.Mutex
	known map[string]bool
}

const maxBounded = 64

func (b *bounded) label(v string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known[v] {
		return v
	}
	if len(b.known) >= maxBounded {
		return other
	}
	if b.known == nil {
		b.known = map[string]bool{}
	}
	b.known[v] = true
	return v
}
