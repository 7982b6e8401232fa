package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAlertRules: promtool takes them, and they fire when they should and are
// silent when they should be (testdata/rules_test.yml).
func TestAlertRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, text := printed(t, dir, "alerts", "usher-alerts.yml")
	output(t, "promtool", "check", "rules", "--lint-fatal", rules)
	cases, err := os.ReadFile(filepath.Join("testdata", "rules_test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(cases), "alertname: "+m[1]+"\n") {
			t.Errorf("alert %s has no case in testdata/rules_test.yml", m[1])
		}
	}
	out := output(t, "promtool", "test", "rules", write(t, filepath.Join(dir, "rules_test.yml"), string(cases)))
	if !strings.Contains(out, "SUCCESS") {
		t.Errorf("promtool: %s", out)
	}
}

// TestMetrics: promtool finds nothing to say about what is published, and what
// dashboard and alerts ask for is published.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s, _ := dev(t)
	s.use(t)
	text := s.metrics(t)
	check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	published := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+)`).FindAllStringSubmatch(text, -1) {
		published[m[1]] = true
	}
	_, dashboard := printed(t, t.TempDir(), "grafana", "dashboard.json")
	_, alerts := printed(t, t.TempDir(), "alerts", "alerts.yml")
	asked := append(expressions(t, dashboard), alerts)
	// Published only where there is a certificate, or something to reload.
	elsewhere := []string{"usher_tls_certificate_expiry_timestamp_seconds", "usher_reloads_total", "usher_reload_failing"}
	names := 0
	for _, expression := range asked {
		for _, name := range regexp.MustCompile(`\b(usher|process|go)_[a-z_]+`).FindAllString(expression, -1) {
			names++
			if !published[name] && !slices.Contains(elsewhere, name) {
				t.Errorf("%s is asked for and not published", name)
			}
		}
	}
	if names < 40 {
		t.Errorf("only %d names found", names)
	}
}

// expressions are those of a dashboard, whose form is checked on the way: ids
// are distinct, and no panel lies on another.
func expressions(t *testing.T, dashboard string) (out []string) {
	t.Helper()
	var d struct {
		Title, UID string
		Panels     []struct {
			ID      int
			Type    string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(dashboard), &d); err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.UID == "" {
		t.Error("the dashboard has no title or uid")
	}
	ids, taken := map[int]bool{}, map[[2]int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %d is there twice", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if taken[[2]int{x, y}] || x >= 24 {
					t.Fatalf("panel %d has no place of its own", p.ID)
				}
				taken[[2]int{x, y}] = true
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d asks for nothing", p.ID)
		}
		for _, target := range p.Targets {
			out = append(out, target.Expr)
		}
	}
	return out
}

// TestDashboardExpressions are ones that Prometheus can read, once Grafana has
// filled in its variables.
func TestDashboardExpressions(t *testing.T) {
	t.Parallel()
	_, dashboard := printed(t, t.TempDir(), "grafana", "dashboard.json")
	fill := strings.NewReplacer("$__rate_interval", "1m", "$__interval", "1m", "$job", "usher", "$instance", ".*")
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, e := range expressions(t, dashboard) {
		quoted, err := json.Marshal(fill.Replace(e))
		if err != nil {
			t.Fatal(err)
		}
		rules.WriteString("      - record: panel:" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "\n        expr: " + string(quoted) + "\n")
	}
	output(t, "promtool", "check", "rules", write(t, filepath.Join(t.TempDir(), "panels.yml"), rules.String()))
}
