package manage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-a6a28e10/usher/internal/telemetry"
)

func mounted(c Config) (*Manage, *http.ServeMux) {
	m, mux := New(c), http.NewServeMux()
	m.Mount(mux)
	return m, mux
}

func get(t *testing.T, mux http.Handler, path string) (int, health) {
	t.Helper()
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=UTF-8" {
		t.Errorf("%s: content type %q", path, got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: cache control %q", path, got)
	}
	var h health
	if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
		t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code, h
}

func TestHealthOverALife(t *testing.T) {
	t.Parallel()
	var storeErr atomic.Pointer[error]
	m, mux := mounted(Config{Ready: []Check{{"Store", func(context.Context) error {
		if e := storeErr.Load(); e != nil {
			return *e
		}
		return nil
	}}}})
	want := func(stage string, live, started, ready int) {
		t.Helper()
		for path, status := range map[string]int{"/health/live": live, "/health/started": started, "/health/ready": ready, "/health": ready} {
			got, h := get(t, mux, path)
			if got != status || (h.Status == up) != (status == 200) {
				t.Errorf("%s: %s answers %d %s, want %d", stage, path, got, h.Status, status)
			}
			if h.Checks == nil {
				t.Errorf("%s: %s has no checks member", stage, path)
			}
		}
	}
	want("starting", 200, 503, 503)
	m.Started()
	want("up", 200, 200, 200)
	trouble := errors.New("disk is gone")
	storeErr.Store(&trouble)
	want("store trouble", 200, 200, 503)
	_, h := get(t, mux, "/health/ready")
	if last := h.Checks[len(h.Checks)-1]; last.Name != "Store" || last.Status != down || last.Data["error"] != trouble.Error() {
		t.Errorf("the failed check says %+v", last)
	}
	storeErr.Store(nil)
	want("recovered", 200, 200, 200)
	m.Stop()
	want("stopping", 200, 200, 503)
}

// Readiness changes are logged once each: good news as such, bad news with
// what fails and nothing else. Asking for the readiness checks it.
func TestReadinessChangesAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var trouble error
	m := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: []Check{
		{"Fine", func(context.Context) error { return nil }},
		{"Store", func(context.Context) error { return trouble }},
	}})
	m.Started()
	for _, c := range []struct {
		trouble error
		want    string
	}{
		{nil, `level=INFO msg="readiness changed" status=UP` + "\n"},
		{errors.New("disk is gone"), `level=WARN msg="readiness changed" status=DOWN failing="Store: disk is gone"` + "\n"},
	} {
		trouble = c.trouble
		log.Reset()
		for range 2 {
			if m.Ready(t.Context()) != (c.trouble == nil) {
				t.Errorf("with %v: wrong", c.trouble)
			}
		}
		if _, got, _ := strings.Cut(log.String(), " "); got != c.want {
			t.Errorf("with %v: logged %q, want %q", c.trouble, got, c.want)
		}
	}
}

// A check that hangs answers DOWN at the deadline, and however many probes
// come, it runs once.
func TestHangingCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		release := make(chan struct{})
		m, mux := mounted(Config{Ready: []Check{{"Store", func(context.Context) error {
			runs.Add(1)
			<-release
			return nil
		}}}})
		m.Started()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if code, _ := get(t, mux, "/health/ready"); code != http.StatusServiceUnavailable {
					t.Errorf("a hanging check answers %d", code)
				}
			})
		}
		wg.Wait()
		if runs.Load() != 1 {
			t.Errorf("%d runs under way", runs.Load())
		}
		close(release)
		synctest.Wait()
		if code, _ := get(t, mux, "/health/ready"); code != http.StatusOK {
			t.Errorf("after the hang: %d", code)
		}
	})
}

// Two probes at the same moment share a healthy check's answer.
func TestProbesShareARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m, mux := mounted(Config{Ready: []Check{{"Store", func(context.Context) error { <-release; return nil }}}})
		m.Started()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if code, _ := get(t, mux, "/health/ready"); code != http.StatusOK {
					t.Errorf("answers %d", code)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
	})
}

func TestMetricsAndProfiles(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	telemetry.NewMetrics(reg, telemetry.Build{Version: "v0"}).Login("ok")
	_, mux := mounted(Config{Metrics: reg})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for path, want := range map[string]string{
		"/metrics":                       `usher_login_attempts_total{outcome="ok"} 1`,
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
	} {
		resp, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %v, lacks %q", path, resp.StatusCode, err, want)
		}
	}
}
