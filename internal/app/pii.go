package app

import (
	"encoding/hex"
	"net/netip"
	"regexp"

	"github.com/seed-a6a28e10/usher/internal/secret"
)

// addressTag stands in the log for a client's address, so that lines of one
// client can be told from another's. The key lasts as long as the process; nil
// where addresses may be logged.
func (a *App) addressTag() func(netip.Addr) string {
	if a.cfg.LogPII {
		return nil
	}
	key := secret.Token(32)
	return func(address netip.Addr) string {
		return hex.EncodeToString(secret.Tag(key, "address", address.String())[:6])
	}
}

// namesPeople finds lines about a realm file that name a person.
var namesPeople = regexp.MustCompile(`\busers?\[|\bmembers\b|\buser "`)

// unnamed leaves the lines that name nobody, and says how many others there are.
func unnamed(lines []string) (kept []string, left int) {
	for _, line := range lines {
		if namesPeople.MatchString(line) {
			left++
			continue
		}
		kept = append(kept, line)
	}
	return kept, left
}
