package app_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/apptest"
)

// TestEveryMetricMoves in one session from login to logout, those alone
// excepted that say nothing at rest. Nobody asks for the readiness before.
func TestEveryMetricMoves(t *testing.T) {
	t.Parallel()
	u := apptest.Start(t, apptest.Options{})
	endpoint := u.URL + "/auth/realms/platform/protocol/openid-connect/"
	got := post(t, endpoint+"token", url.Values{"client_id": {"anonymous"}, "grant_type": {"password"},
		"username": {apptest.User}, "password": {apptest.Password}})
	for range 2 { // the second time its signature is remembered
		list, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.URL+"/v1/vms", nil)
		if err != nil {
			t.Fatal(err)
		}
		list.Header.Set("Authorization", "Bearer "+got["access_token"].(string))
		do(t, list)
	}
	got = post(t, endpoint+"token", url.Values{"client_id": {"anonymous"}, "grant_type": {"refresh_token"},
		"refresh_token": {got["refresh_token"].(string)}})
	logout, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint+"logout",
		strings.NewReader(url.Values{"client_id": {"anonymous"}, "refresh_token": {got["refresh_token"].(string)}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	logout.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	do(t, logout)

	text := scrape(t, u)
	atRest := map[string]bool{"usher_hash_queue_length": true, "usher_hash_slots_busy": true,
		"usher_feed_age_seconds": true, "usher_api_rate_limited_total": true, "usher_hash_wait_duration_seconds": true,
		"usher_damaged_rows_total": true, "usher_config_age_seconds": true, "usher_store_queue_length": true,
		"usher_sessions_open": true, "usher_reloads_total": true, "usher_reload_failing": true,
		"usher_events_sealed_row": true, "usher_events_unsealed": true, "usher_event_seal_age_seconds": true}
	// There with a certificate, or something to reload, alone.
	text += scrape(t, withFiles(t))
	values := sums(t, text)
	for _, name := range registered(t) {
		if v, there := values[name]; !there || v == 0 && !atRest[name] {
			t.Errorf("%s: there %v, value %v", name, there, v)
		}
	}
	for _, want := range []string{
		`usher_hash_duration_seconds_count{algorithm="argon2id"}`, `usher_sessions_total{change="opened"} 1`,
		`usher_sessions_total{change="logout"} 1`, `usher_store_commit_duration_seconds_count{outcome="ok"}`, "usher_ready 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// withFiles is an Usher that speaks TLS and can reload its certificate.
func withFiles(t *testing.T) *apptest.Usher {
	t.Helper()
	cert, key, _ := certificate(t)
	return apptest.Start(t, apptest.Options{Config: func(c *app.Config) {
		c.TLSCertFile, c.TLSKeyFile, c.PublicURL = cert, key, "https://login.example.org"
	}})
}

func scrape(t *testing.T, u *apptest.Usher) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Management+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, text := do(t, r)
	return text
}

// registered are the names of all metrics, from the code that makes them.
func registered(t *testing.T) (names []string) {
	t.Helper()
	for _, file := range []string{"metrics.go", "gauge.go"} {
		text, err := os.ReadFile(filepath.Join("..", "telemetry", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(usher_[a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %v", names)
	}
	return names
}

// sums adds up the series of each metric; of a histogram, its counts.
func sums(t *testing.T, text string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "usher_") {
			continue
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(fields[0], "{")
		out[strings.TrimSuffix(name, "_count")] += value
	}
	return out
}
