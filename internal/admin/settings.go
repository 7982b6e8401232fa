package admin

import (
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/realmfile"
)

// SettingsChange is what a realm file says differently about one realm's own
// settings: lifetimes, refresh policy, guessing, switches.
type SettingsChange struct {
	Prev, Next iam.Realm
	// Changed names the settings, with both values, as the file does.
	Changed []string
	// Kept names what the file asks for and cannot be had.
	Kept []string
}

// SettingsChanges compares the realms of a file with the stored ones by their
// own settings alone. Clients, users, roles, groups, scopes and keys are an
// import's work, and a not-before is an order to the running system: none of
// them is touched. Realms that are not stored are left out.
func SettingsChanges(rows iam.ConfigRows, drafts []realmfile.Draft) []SettingsChange {
	var out []SettingsChange
	for i := range drafts {
		stored, ok := findRealm(rows, drafts[i].Realm.Name)
		if !ok {
			continue
		}
		c := settingsChange(*stored, drafts[i].Realm)
		if alg := c.Next.SignatureAlgorithm; alg != stored.SignatureAlgorithm && !signs(rows, stored.ID, alg) {
			c.Kept = append(c.Kept, stored.Name+": defaultSignatureAlgorithm stays "+stored.SignatureAlgorithm+": the realm has no active key for "+alg)
			c.Next.SignatureAlgorithm = stored.SignatureAlgorithm
		}
		c.Changed = settingsDiff(c.Prev, c.Next)
		if len(c.Changed)+len(c.Kept) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// settingsChange is the stored realm with the file's settings.
func settingsChange(stored, file iam.Realm) SettingsChange {
	next := file
	next.ID, next.Name, next.NotBefore = stored.ID, stored.Name, stored.NotBefore
	next.Roles, next.ClientRoles, next.DefaultRole, next.Groups = stored.Roles, stored.ClientRoles, stored.DefaultRole, stored.Groups
	next.ClientScopes, next.DefaultScopes, next.OptionalScopes = stored.ClientScopes, stored.DefaultScopes, stored.OptionalScopes
	next.Kept = stored.Kept
	return SettingsChange{Prev: stored, Next: next}
}

func settingsDiff(prev, next iam.Realm) []string {
	df := &differ{}
	df.diff("", realmDoc(prev, nil), realmDoc(next, nil))
	for i, line := range df.lines {
		df.lines[i] = next.Name + ": " + line
	}
	return df.lines
}

// signs says whether a realm has an active key for an algorithm.
func signs(rows iam.ConfigRows, realmID, algorithm string) bool {
	for _, k := range rows.Keys {
		if k.RealmID == realmID && k.Algorithm == algorithm && k.Status == iam.KeyActive {
			return true
		}
	}
	return false
}
