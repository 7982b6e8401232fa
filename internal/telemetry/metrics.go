package telemetry

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics records what happens. Names are namespace_thing_unit, in base units.
// A nil *Metrics records nothing, so tests and tools need none.
type Metrics struct {
	reg       prometheus.Registerer
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	grants    *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	logins    *prometheus.CounterVec
	hashes    *prometheus.HistogramVec
	batch     prometheus.Histogram
	commits   *prometheus.HistogramVec
	sessions  *prometheus.CounterVec
	seen      prometheus.Counter
	unseen    prometheus.Counter
	limited   prometheus.Counter
	waits     prometheus.Histogram
	passwords *prometheus.CounterVec
	damaged   *prometheus.CounterVec
	reloads   *prometheus.CounterVec
	failing   *prometheus.GaugeVec
	keycloak  *keycloak // nil where it is not asked for

	outcomes words // of grants and refreshes
	mu       sync.RWMutex
	series   map[requestKey]requestSeries
}

const other = "other"

// Build is what usher_build_info says.
type Build struct{ Version, Commit, Go string }

// The closed label sets. A recorder given another value records "other".
var (
	methods = []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}

	// Grants are the values of grant.
	Grants = []string{"password", "refresh_token", "client_credentials", "legacy_login", "legacy_refresh"}
	// RefreshPolicies are the values of a refresh's policy; "other" when the
	// token was refused before its family was read.
	RefreshPolicies = []string{"reusable", "rotating"}
	// LoginOutcomes are the values of a login attempt's outcome.
	LoginOutcomes = []string{"ok", "cached", "wrong", "unknown", "waiting", "disabled", "not_set_up", "busy", "error"}
	// HashKinds are the values of a password hash's algorithm; one made only to
	// take its time counts as what it imitates.
	HashKinds = []string{"argon2id", "argon2i", "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512", "bcrypt"}
	// SessionChanges are the values of a session's change.
	SessionChanges = []string{"opened", "logout", "revoked", "client_ended"}
	// CommitOutcomes are the values of a store batch's outcome.
	CommitOutcomes = []string{"ok", "failed"}
	// ClientKinds are the values of a password grant's client.
	ClientKinds = []string{"public", "confidential"}
	// DamagedTables are the values of a damaged row's table.
	DamagedTables = []string{"realm", "client", "signing_key", "users", "user_session", "client_session", "token_family",
		"revocation", "video_manager", "vm_member", "login_failure"}
	// Reloadables are the values of what can be loaded anew.
	Reloadables = []string{"tls", "settings", "realm"}
)

var (
	requestBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	hashBuckets    = []float64{.005, .01, .025, .05, .1, .25, .5, 1}
	commitBuckets  = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1}
	batchBuckets   = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
)

// NewMetrics registers everything on reg, together with the Go runtime's and
// the process's own metrics. It panics when something is registered already:
// a registry belongs to one server.
func NewMetrics(reg prometheus.Registerer, b Build) *Metrics {
	m := &Metrics{
		reg:       reg,
		series:    make(map[requestKey]requestSeries),
		requests:  counters("usher_http_requests_total", "Answered HTTP requests.", "route", "method", "status"),
		durations: histograms("usher_http_request_duration_seconds", "Time to answer an HTTP request.", requestBuckets, "route", "method"),
		grants:    counters("usher_token_grants_total", "Token requests by grant and outcome.", "grant", "outcome"),
		refreshes: counters("usher_refresh_total", "Presented refresh tokens by the family's policy and the rule that decided.", "policy", "outcome"),
		logins:    counters("usher_login_attempts_total", "Password checks by outcome.", "outcome"),
		hashes:    histograms("usher_hash_duration_seconds", "Time of one password hash.", hashBuckets, "algorithm"),
		batch:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "usher_store_commit_batch_size", Help: "Writes that shared one commit.", Buckets: batchBuckets}),
		commits:   histograms("usher_store_commit_duration_seconds", "Time of one batch of writes, sync included.", commitBuckets, "outcome"),
		sessions:  counters("usher_sessions_total", "User sessions by what happened to them.", "change"),
		limited:   prometheus.NewCounter(prometheus.CounterOpts{Name: "usher_api_rate_limited_total", Help: "API requests refused by the per-user limit."}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "usher_hash_wait_duration_seconds",
			Help: "Time a login waited for a place to hash in.", Buckets: requestBuckets}),
		passwords: counters("usher_password_grants_total", "Password grants by the kind of client; the grant is one that RFC 9700 advises against.", "client"),
		damaged:   counters("usher_damaged_rows_total", "Stored rows that do not bear their own sum, each told once.", "table"),
		reloads:   counters("usher_reloads_total", "Reloads of certificate, settings and realm file.", "what", "outcome"),
		failing: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "usher_reload_failing",
			Help: "1 while the files of something that can be reloaded are wrong and the old ones are in force."}, []string{"what"}),
	}
	checks := counters("usher_api_token_checks_total", "Access tokens judged by the API; seen is whether the signature was checked before.", "seen")
	m.seen, m.unseen = checks.WithLabelValues("true"), checks.WithLabelValues("false")
	m.zero()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "usher_build_info", Help: "Constant 1, labelled by the build.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go},
	})
	build.Set(1)
	reg.MustRegister(m.requests, m.durations, m.grants, m.refreshes, m.logins, m.hashes, m.batch, m.commits,
		m.sessions, m.limited, m.waits, m.passwords, m.damaged, m.reloads, m.failing, checks, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// closed returns v when it is of the set, else "other".
func closed(set []string, v string) string {
	if slices.Contains(set, v) {
		return v
	}
	return other
}

// Grant counts a token request; see Grants. outcome is "ok" or the fault.
func (m *Metrics) Grant(grant, outcome string) {
	if m != nil {
		m.grants.WithLabelValues(closed(Grants, grant), m.outcomes.label(outcome)).Inc()
	}
}

// Refresh counts a presented refresh token; see RefreshPolicies. outcome is the
// rule of the token family that decided: pass, rotate, converge, recover,
// reuse, ahead, dead …
func (m *Metrics) Refresh(policy, outcome string) {
	if m != nil {
		m.refreshes.WithLabelValues(closed(RefreshPolicies, policy), m.outcomes.label(outcome)).Inc()
	}
}

// Login counts a password check; see LoginOutcomes.
func (m *Metrics) Login(outcome string) {
	if m != nil {
		m.logins.WithLabelValues(closed(LoginOutcomes, outcome)).Inc()
	}
}

// Hash records one password hash; see HashKinds.
func (m *Metrics) Hash(algorithm string, d time.Duration) {
	if m != nil {
		m.hashes.WithLabelValues(closed(HashKinds, algorithm)).Observe(d.Seconds())
	}
}

// Commit records one batch of the committer; see CommitOutcomes.
func (m *Metrics) Commit(writes int, d time.Duration, outcome string) {
	if m != nil {
		m.batch.Observe(float64(writes))
		m.commits.WithLabelValues(closed(CommitOutcomes, outcome)).Observe(d.Seconds())
	}
}

// Session counts a session's change; see SessionChanges.
func (m *Metrics) Session(change string) {
	if m != nil {
		m.sessions.WithLabelValues(closed(SessionChanges, change)).Inc()
	}
}

// TokenChecked counts an access token judged by the API.
func (m *Metrics) TokenChecked(seen bool) {
	switch {
	case m == nil:
	case seen:
		m.seen.Inc()
	default:
		m.unseen.Inc()
	}
}

// RateLimited counts an API request refused by the per-user limit.
func (m *Metrics) RateLimited() {
	if m != nil {
		m.limited.Inc()
	}
}
