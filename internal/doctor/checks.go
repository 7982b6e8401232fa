package doctor

import "slices"

// checks are the names that a finding can bear, in the order of a report.
var checks = []string{
	"settings.refused", "settings.management",
	"files.user", "files.mode", "files.owner",
	"disk.free",
	"clock.synchronised", "clock.equal",
	"passwords.hash", "passwords.stored",
	"server.answers", "server.version",
	"store.opens", "store.realm", "store.reads", "store.rows", "store.file",
	"events.sealed", "events.record",
	"keys.size", "keys.age",
	"realms.enabled", "realms.guessing", "realms.https", "realms.audience", "realms.session-max",
	"realms.password-grant", "realms.reusable-refresh", "realms.wildcard-redirect", "realms.plain-redirect",
	"realms.any-origin", "realms.full-scope", "realms.no-secret", "realms.password-cache", "realms.settings",
	"address.reachable", "address.issuer",
	"tls.trusted", "tls.days",
	"proxy.probe", "proxy.address", "proxy.https",
}

// Checks are the names of all checks, whether a report has findings of them or
// not.
func Checks() []string { return slices.Clone(checks) }

// Sort puts the groups together, in their order, and leaves each as it is.
func (r Report) Sort() {
	place := map[string]int{}
	for i := len(checks) - 1; i >= 0; i-- {
		place[Finding{Check: checks[i]}.Group()] = i
	}
	slices.SortStableFunc(r, func(a, b Finding) int { return place[a.Group()] - place[b.Group()] })
}
