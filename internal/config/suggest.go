package config

import (
	"regexp"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// suggest is the fix for a misspelt name, given with the prefix that all known
// names share: one that is a few letters off, or a longer or shorter form.
func suggest(name, prefix string, known []string) string {
	bare := strings.TrimPrefix(name, prefix)
	best := nearest.Name(name, max(2, len(bare)/3), known)
	for _, k := range known {
		if best == "" && bare != "" && (strings.HasPrefix(k, name+"_") || strings.HasPrefix(name, k+"_")) {
			best = k
		}
	}
	if best == "" {
		return "remove it; `usher serve --help` lists the settings"
	}
	return "did you mean " + best + "?"
}

// clusterVariable matches what a cluster gives every pod for a service whose
// name begins with "usher", and testVariable what this project's tests read.
var (
	clusterVariable = regexp.MustCompile(`_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$`)
	testVariable    = regexp.MustCompile(`^USHER_TEST_`)
)

// foreign says that a variable was not meant as a setting.
func foreign(name string) bool {
	return clusterVariable.MatchString(name) || testVariable.MatchString(name)
}
