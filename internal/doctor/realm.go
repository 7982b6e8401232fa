package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Realm is one realm as stored.
type Realm struct {
	Realm   iam.Realm
	Clients []iam.Client
	Keys    []Key
	// WeakHashes counts users whose stored password is weaker than one made
	// now, of Hashes that were looked at.
	WeakHashes, Hashes int
}

// Key is a signing key with the size of its public half.
type Key struct {
	iam.Key
	Bits int // RSA modulus; 0 for others
}

// How old a signing key may become.
const (
	oldKey     = 180 * 24 * time.Hour
	ancientKey = 2 * 365 * 24 * time.Hour
)

// JudgeRealm judges what a realm's settings allow, against RFC 9700 where it
// has a word on it.
func JudgeRealm(in Realm, now time.Time) Report {
	var r found
	name := in.Realm.Name
	if !in.Realm.Enabled {
		r.warn("realms.enabled", edit(name, "if it is to be used, set enabled to true"), "realm %s is disabled", name)
		return r.list
	}
	keyAges(&r, in, now)
	clients(&r, in)
	switches(&r, in)
	if in.WeakHashes > 0 {
		r.warn("passwords.stored", "nothing: each is hashed anew at its user's next login; those who never log in may be asked to reset",
			"realm %s: %d of %d passwords are stored weaker than new ones", name, in.WeakHashes, in.Hashes)
		r.asked("NIST SP 800-63B section 3.1.1.2")
	}
	if !slices.ContainsFunc(r.list, func(f Finding) bool { return f.Level != Success }) {
		r.ok("realms.settings", "realm %s: nothing that needs a word", name)
	}
	return r.list
}

func keyAges(r *found, in Realm, now time.Time) {
	for _, k := range in.Keys {
		if k.Status != iam.KeyActive {
			continue
		}
		age := now.Sub(time.UnixMilli(k.CreatedAt))
		advice := fmt.Sprintf("usher admin keys rotate --realm %s", in.Realm.Name)
		text := fmt.Sprintf("realm %s: the %s key %s is %d days old", in.Realm.Name, k.Algorithm, k.KID, int(age/(24*time.Hour)))
		switch {
		case k.Bits > 0 && k.Bits < 2048:
			r.fail("keys.size", advice, "realm %s: the RSA key %s has %d bits", in.Realm.Name, k.KID, k.Bits)
			r.asked("RFC 7518 section 3.3")
		case age > ancientKey:
			r.fail("keys.age", advice, "%s", text)
		case age > oldKey:
			r.warn("keys.age", advice, "%s", text)
		}
	}
}

// switches judges the realm's own settings.
func switches(r *found, in Realm) {
	realm, name := in.Realm, in.Realm.Name
	if realm.Guessing.Off {
		r.fail("realms.guessing", edit(name, "remove the attribute usher.guessing"), "realm %s: passwords can be guessed without limit", name)
		r.asked("NIST SP 800-63B section 3.2.2")
	}
	if realm.SSLRequired == "none" {
		r.warn("realms.https", edit(name, "set sslRequired to external"), "realm %s takes passwords over plain http", name)
		r.asked("RFC 6749 section 3.2")
	}
	if realm.NoVideoAudience {
		r.warn("realms.audience", edit(name, "remove the attribute usher.video.audience"), "realm %s: access tokens name no audience", name)
		r.asked("RFC 9700 section 2.3")
	}
	if realm.Lifetimes.SessionMax == 0 {
		r.warn("realms.session-max", edit(name, "set ssoSessionMaxLifespan, unless refreshing for ever is what your users were promised"), "realm %s: a session that is refreshed never ends", name)
		r.asked("NIST SP 800-63B section 2.1.3")
	}
	if !realm.NoVerifiedPasswordCache && slices.ContainsFunc(in.Clients, func(c iam.Client) bool { return c.DirectAccessGrants }) {
		r.ok("realms.password-cache", "realm %s: a verified password is remembered for five minutes, in memory, as a MAC; usher.verified.password.cache turns it off", name)
	}
}

// clients judges what each client may do, a line for each kind of finding.
func clients(r *found, in Realm) {
	kinds := []struct {
		check, clause, text, advice string
		is                          func(c *iam.Client) bool
	}{
		{"realms.password-grant", "RFC 9700 section 2.4", "clients that may use the password grant",
			edit(in.Realm.Name, "move people to the login page, then turn off directAccessGrantsEnabled"),
			func(c *iam.Client) bool { return c.DirectAccessGrants }},
		{"realms.reusable-refresh", "RFC 9700 section 2.2.2", "public clients whose refresh tokens can be used again and again",
			edit(in.Realm.Name, "set usher.revoke.refresh.token to true at the client, once it stores the newest token"),
			func(c *iam.Client) bool { return c.Public && refreshes(c) && !c.Rotates(&in.Realm) }},
		{"realms.wildcard-redirect", "RFC 9700 section 4.1.3", "clients with a wildcard among their redirect URIs",
			edit(in.Realm.Name, "list each redirect URI in full"),
			func(c *iam.Client) bool {
				return c.StandardFlow && slices.ContainsFunc(c.RedirectURIs, func(u string) bool { return strings.HasSuffix(u, "*") })
			}},
		{"realms.plain-redirect", "RFC 9700 section 2.6", "clients with redirect URIs over plain http off loopback",
			edit(in.Realm.Name, "write the redirect URIs with https"),
			func(c *iam.Client) bool { return c.StandardFlow && slices.ContainsFunc(c.RedirectURIs, plainHTTP) }},
		{"realms.any-origin", "RFC 9700 section 4.17", "clients that answer scripts of every web origin",
			edit(in.Realm.Name, "list the origins that need it in webOrigins"),
			func(c *iam.Client) bool { return slices.Contains(c.WebOrigins, "*") }},
		{"realms.full-scope", "RFC 9700 section 2.3", "public clients that put every role of the user into tokens",
			edit(in.Realm.Name, "turn off fullScopeAllowed and list the roles the client needs"),
			func(c *iam.Client) bool { return c.Public && c.FullScopeAllowed && len(in.Realm.ClientRoles) > 0 }},
		{"realms.no-secret", "RFC 6749 section 2.3", "confidential clients without a secret",
			fmt.Sprintf("usher admin clients secret CLIENT --realm %s", in.Realm.Name),
			func(c *iam.Client) bool {
				return !c.Public && !c.BearerOnly && len(c.SealedSecret) == 0 && c.Attributes["jwks.url"] == "" && c.Attributes["jwt.credential.public.key"] == ""
			}},
	}
	for _, k := range kinds {
		var names []string
		for i := range in.Clients {
			if c := &in.Clients[i]; c.Enabled && k.is(c) {
				names = append(names, c.ClientID)
			}
		}
		if len(names) == 0 {
			continue
		}
		slices.Sort(names)
		r.warn(k.check, k.advice, "realm %s: %s: %s", in.Realm.Name, k.text, list(names))
		r.asked(k.clause)
	}
}

// edit says what to change in a realm, and by which commands.
func edit(realm, what string) string {
	return fmt.Sprintf("%s: usher admin export --realm %s -o FILE, edit it, usher admin import FILE --overwrite", what, realm)
}

// refreshes says whether a client is ever given a refresh token.
func refreshes(c *iam.Client) bool { return c.DirectAccessGrants || c.StandardFlow }

func plainHTTP(uri string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(uri), "http://")
	if !ok {
		return false
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if after, ok := strings.CutPrefix(rest, host); ok && (after == "" || strings.ContainsAny(after[:1], ":/?*")) {
			return false
		}
	}
	return true
}

// list names at most five.
func list(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
