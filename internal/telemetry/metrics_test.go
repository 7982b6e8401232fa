package telemetry

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsNamesAndLabels(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg, Build{"v0", "abc", "go1"})
	for range 2 { // the second time over the saved series
		m.Request("/v1/vms", "GET", 200, time.Millisecond)
	}
	m.EnableKeycloak()
	for i := range 10_000 { // no request can add a series
		m.Request("/v1/vms", fmt.Sprintf("X%d", i), 1000+i, time.Millisecond)
		m.Grant(fmt.Sprint(i), fmt.Sprint("f", i))
		m.Login(fmt.Sprint(i))
		m.Refresh(fmt.Sprint(i), fmt.Sprint(i))
		m.PasswordGrant(fmt.Sprint(i))
		m.Hash(fmt.Sprint(i), 0)
		m.UserEvent("platform", fmt.Sprint("X", i), fmt.Sprint(i))
		m.HashValidation("platform", fmt.Sprint(i), "i=1", fmt.Sprint(i))
	}
	m.Refresh("rotating", "converge")
	m.Hash("argon2id", time.Millisecond)
	m.Commit(3, time.Millisecond, "ok")
	m.Session("opened")
	m.TokenChecked(true)
	m.RateLimited()
	m.Watch(FeedAge, func() float64 { return 1.5 })
	m.Watch(HashQueueLength, func() float64 { return 0 })

	got, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^(usher|keycloak|go|process)(_[a-z0-9]+)+$`)
	series := map[string]int{}
	for _, f := range got {
		if !name.MatchString(f.GetName()) {
			t.Errorf("name %s", f.GetName())
		}
		if f.GetType().String() == "COUNTER" && strings.HasPrefix(f.GetName(), "usher_") && !strings.HasSuffix(f.GetName(), "_total") {
			t.Errorf("counter %s", f.GetName())
		}
		series[f.GetName()] = len(f.GetMetric())
		for _, mm := range f.GetMetric() {
			for _, l := range mm.GetLabel() {
				if strings.HasSuffix(l.GetName(), "id") {
					t.Errorf("%s has label %s", f.GetName(), l.GetName())
				}
			}
		}
	}
	for want, n := range map[string]int{
		"usher_http_requests_total": 2, "usher_http_request_duration_seconds": 2, "usher_token_grants_total": 1,
		"usher_login_attempts_total": len(LoginOutcomes) + 1, "usher_refresh_total": 2, "keycloak_user_events_total": 1, "keycloak_credentials_password_hashing_validations_total": 1,
		"usher_password_grants_total": len(ClientKinds) + 1, "usher_hash_duration_seconds": 2, "usher_feed_age_seconds": 1,
		"usher_hash_queue_length": 1, "usher_store_commit_batch_size": 1, "usher_build_info": 1,
	} {
		if series[want] != n {
			t.Errorf("%s has %d series, want %d", want, series[want], n)
		}
	}
}

func TestNilMetricsRecordNothing(t *testing.T) {
	t.Parallel()
	var m *Metrics
	m.Grant("password", "ok")
	m.Refresh("rotating", "rotate")
	m.Login("ok")
	m.Hash("argon2id", 0)
	m.Commit(1, 0, "ok")
	m.Session("opened")
	m.TokenChecked(false)
	m.RateLimited()
	m.HashWait(0)
	m.PasswordGrant("public")
	m.Damaged("users")
	m.Reloadable("tls")
	m.Reload("tls", true)
	m.EnableKeycloak()
	m.UserEvent("r", "LOGIN", "")
	m.HashValidation("r", "bcrypt", "10", "valid")
	m.WatchKeys(nil)
	m.Watch(Ready, nil)
	m.Request("/", "GET", 200, 0)
}

func TestWordsAreBounded(t *testing.T) {
	t.Parallel()
	var w words
	for i := range 2 * maxWords {
		w.label(strings.Repeat("a", i%40+1) + "_" + strings.Repeat("b", i/40))
	}
	if len(w.known) > maxWords {
		t.Errorf("%d words", len(w.known))
	}
	for _, v := range []string{"", "Ünicode", "has space", strings.Repeat("x", 41), "id7"} {
		if got := w.label(v); got != other {
			t.Errorf("%q became a label", got)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	m := NewMetrics(prometheus.NewRegistry(), Build{})
	b.ReportAllocs()
	for b.Loop() {
		m.Request("/v1/vms", "GET", 200, time.Millisecond)
	}
}
