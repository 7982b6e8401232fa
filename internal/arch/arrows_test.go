package arch

import (
	"sort"
	"strings"
	"testing"
)

// arrows lists every package of this module with the packages of this module
// that its code may import. Arrows run down only; services never import each
// other; stores know no service. "internal/..." stands for every package below
// internal. Test files are free, as long as the compiler finds no circle.
var arrows = map[string][]string{
	// What things are.
	"api":                    {},
	"internal/cli":           {},
	"internal/backup":        {},
	"internal/assets":        {},
	"internal/config":        {"internal/nearest"},
	"internal/iam":           {},
	"internal/nearest":       {},
	"internal/oauth":         {},
	"internal/secret":        {"internal/secret/argon2"},
	"internal/secret/argon2": {},
	"internal/telemetry":     {},
	"internal/tracing":       {},
	"internal/vms":           {},

	// Who knows how.
	"internal/admin":          {"internal/iam", "internal/nearest", "internal/oauth", "internal/realmfile", "internal/secret", "internal/vms"},
	"internal/audit":          {"internal/iam", "internal/secret"},
	"internal/keys":           {"internal/iam", "internal/token"},
	"internal/live":           {"internal/iam", "internal/oauth", "internal/token", "internal/vms"},
	"internal/login":          {"internal/iam", "internal/secret"},
	"internal/realmfile":      {"internal/iam", "internal/nearest", "internal/secret", "internal/vms"},
	"internal/store/sqlstore": {"internal/iam", "internal/secret", "internal/vms"},
	"internal/token":          {"internal/iam", "internal/oauth", "internal/secret"},
	"internal/web":            {"api", "internal/iam", "internal/oauth", "internal/telemetry"},

	// Who decides, who answers.
	"internal/doctor":          {"internal/iam"},
	"internal/grant":           {"internal/iam", "internal/oauth", "internal/secret", "internal/token"},
	"internal/store/sqlite":    {"internal/iam", "internal/store/sqlstore"},
	"internal/store/storetest": {"internal/iam", "internal/vms"},
	"internal/token/tokentest": {"internal/iam", "internal/keys", "internal/token"},
	"internal/web/adminapi":    {"api", "internal/admin", "internal/iam", "internal/oauth", "internal/realmfile", "internal/vms", "internal/web"},
	"internal/web/manage":      {"internal/telemetry", "internal/web"},
	"internal/web/oidc":        {"api", "internal/grant", "internal/iam", "internal/oauth", "internal/token", "internal/web"},
	"internal/web/vmsapi":      {"api", "internal/oauth", "internal/vms", "internal/web"},

	// Who wires, who runs.
	"internal/app":          {"api", "internal/..."},
	"internal/app/apptest":  {"internal/app"},
	"internal/app/examine":  {"api", "internal/audit", "internal/config", "internal/doctor", "internal/iam", "internal/secret", "internal/store/sqlite"},
	"internal/app/recovery": {"internal/backup", "internal/iam", "internal/keys", "internal/secret", "internal/store/sqlite"},
	"internal/arch":         {},
	"cmd/usher":             {"api", "internal/app", "internal/app/examine", "internal/app/recovery", "internal/assets", "internal/backup", "internal/cli", "internal/config", "internal/doctor", "internal/iam", "internal/nearest", "internal/secret"},

	// Who tests the whole: no code of their own.
	"docs":          {},
	"internal/wire": {},

	// Who measures.
	"bench/backup":      {"bench/rig", "bench/sessions"},
	"bench/enumeration": {"bench/rig"},
	"bench/faults":      {"bench/rig"},
	"bench/crash":       {"api", "bench/people", "bench/rig", "internal/store/sqlite"},
	"bench/history":     {},
	"bench/people":      {"api", "bench/history", "bench/rig"},
	// It opens what a power cut left as the server would.
	"bench/powercut": {"bench/history", "bench/people", "bench/rig", "internal/audit", "internal/iam", "internal/store/sqlite"},
	"bench/load":     {"bench/rig", "bench/sessions"},
	"bench/restart":  {"bench/rig"},
	// It fills a store with a million sessions, which would take hours over the wire.
	"bench/sessions": {"bench/rig", "internal/iam", "internal/store/sqlite"},
	"bench/rig":      {"internal/secret"},
}

// aside are the packages that stand beside app, which "internal/..." in app's
// line does not mean.
var aside = map[string]bool{"internal/app/examine": true, "internal/app/recovery": true}

// testOnly packages hold suites; only test files may import them.
var testOnly = map[string]bool{
	"internal/app/apptest":     true,
	"internal/store/storetest": true,
	"internal/token/tokentest": true,
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		allowed, placed := arrows[p.path]
		if !placed {
			t.Errorf("package %s has no place in the table of allowed arrows", p.path)
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.own {
				if !permits(allowed, imp) {
					t.Errorf("%s imports %s, which %s may not", f.name, imp, p.path)
				}
				if testOnly[imp] {
					t.Errorf("%s imports %s, which is for test files only", f.name, imp)
				}
			}
		}
	}
}

func TestTableNamesOnlyWhatExists(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	for _, p := range packages(t) {
		exists[p.path] = true
	}
	var gone []string
	for name, allowed := range arrows {
		for _, n := range append([]string{name}, allowed...) {
			if !exists[n] && !strings.HasSuffix(n, "/...") {
				gone = append(gone, n)
			}
		}
	}
	sort.Strings(gone)
	for i, n := range gone {
		if i == 0 || gone[i-1] != n {
			t.Errorf("the table names %s, which does not exist", n)
		}
	}
}

func permits(allowed []string, imp string) bool {
	for _, a := range allowed {
		if a == imp {
			return true
		}
		if dir, ok := strings.CutSuffix(a, "..."); ok && strings.HasPrefix(imp, dir) && !testOnly[imp] && !aside[imp] {
			return true
		}
	}
	return false
}

// borrowed packages are a library's code with a change of ours: like libraries
// they stand on no floor.
var borrowed = map[string]bool{"internal/secret/argon2": true}

// TestNoCircleOfFloors checks the table itself: every arrow leads to a lower
// floor, a floor being one more than the highest floor imported.
func TestNoCircleOfFloors(t *testing.T) {
	t.Parallel()
	const floors = 6
	floor := map[string]int{}
	for name := range borrowed {
		floor[name] = 0
	}
	var measure func(name string, path []string) int
	measure = func(name string, path []string) int {
		if n, ok := floor[name]; ok {
			return n
		}
		if len(path) > len(arrows) {
			t.Fatalf("the table has a circle: %s", strings.Join(path, " → "))
		}
		highest := 0
		for other := range arrows {
			if other != name && permits(arrows[name], other) {
				highest = max(highest, measure(other, append(path, other)))
			}
		}
		floor[name] = highest + 1
		return highest + 1
	}
	for name := range arrows {
		if n := measure(name, []string{name}); n > floors {
			t.Errorf("%s stands on floor %d; the house has %d", name, n, floors)
		}
	}
}
