package realmfile

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// maxSeconds bounds a lifetime: Keycloak's are Java ints.
const maxSeconds = 1<<31 - 1

// Keycloak's creation defaults in seconds.
const (
	defaultSessionIdle = 1800
	defaultSessionMax  = 36000
	defaultOfflineIdle = 2592000
	defaultOfflineMax  = 5184000
)

// convert turns one realm of a file into a draft. Faults and warnings go to
// the object's notes.
func convert(o *object) Draft {
	d := realmPart(o)
	for _, line := range DropAbsent(&d.Realm) {
		o.warn("roles", line)
	}
	x := NewPeople(&d.Realm, d.Clients)
	d.Users = x.users(o)
	o.notes.faults = append(o.notes.faults, x.Members(&d, nil)...)
	return d
}

// realmPart is convert without the users and the VideoManagers, whose members
// are users: they may come in files of their own.
func realmPart(o *object) Draft {
	var d Draft
	r := &d.Realm
	d.stated = stated(o)
	r.Name = o.str("realm", "")
	if fault := NameFault(r.Name); fault != "" {
		o.fault("realm", fault)
	}
	r.ID = identifier(o, "id")
	r.DisplayName = o.str("displayName", "")
	r.Enabled = enabled(o)
	r.SSLRequired = sslRequired(o)
	r.NotBefore = o.integer("notBefore", 0, 0, maxSeconds)
	r.SignatureAlgorithm = signatureAlgorithm(o)
	r.Lifetimes = lifetimes(o)
	r.RevokeRefreshToken = o.boolean("revokeRefreshToken", false)
	r.RefreshTokenMaxReuse = int(o.integer("refreshTokenMaxReuse", 0, 0, maxSeconds))
	r.RotationWindow = defaultRotationWindow
	r.Guessing = guessing(o)
	r.LoginWithEmail = o.boolean("loginWithEmailAllowed", true)
	r.PasswordPolicy = o.str("passwordPolicy", "")
	if r.PasswordPolicy != "" {
		o.warn("passwordPolicy", notUsed)
	}
	r.Attributes = o.textMap("attributes")
	realmAttributes(o, r)

	roles(o, &d)
	groups(o, &d)
	scopes(o, &d)
	clients(o, &d)
	scopeMappings(o, &d)
	keyComponents(o, &d)
	emails(o, r)
	videoManagers(o, &d)
	o.used["users"] = true // a part of their own
	r.Kept = keep(r.Kept, "", o.rest(knownRealm))
	if string(r.Kept["keycloakVersion"]) == `"`+formatVersion+`"` { // an export of ours
		delete(r.Kept, "keycloakVersion")
	}
	return d
}

// stated are the members a realm file has, and its attributes as attributes.NAME.
func stated(o *object) map[string]bool {
	out := map[string]bool{}
	for i := range o.node.kids {
		if m := &o.node.kids[i]; m.value.kind != 'n' {
			out[m.name] = true
		}
	}
	if a, ok := o.child("attributes"); ok {
		for i := range a.node.kids {
			out["attributes."+a.node.kids[i].name] = true
		}
	}
	return out
}

// emails keeps whether several users may have one address.
func emails(o *object, r *iam.Realm) {
	if !o.boolean("duplicateEmailsAllowed", false) {
		return
	}
	r.Kept = keep(r.Kept, "", map[string]json.RawMessage{sameEmails: json.RawMessage("true")})
	if r.LoginWithEmail {
		o.warn(sameEmails, "with loginWithEmailAllowed an address of several users finds none of them")
	}
}

const sameEmails = "duplicateEmailsAllowed"

// enabled differs from Keycloak, which takes silence for "no": who writes a file
// by hand means it to work. The difference is named.
func enabled(o *object) bool {
	if !o.has("enabled") {
		o.warn("enabled", "absent: taken for true, where Keycloak takes it for false")
	}
	return o.boolean("enabled", true)
}

// defaultRotationWindow is the converging window of rotating families in
// seconds.
const defaultRotationWindow = 10

// NameFault says what is wrong with a realm's name: it is part of every URL.
func NameFault(name string) string {
	switch {
	case name == "":
		return "a realm needs a name"
	case len(name) > 255:
		return "longer than 255 bytes"
	case strings.ContainsAny(name, "/?#%\\;") || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "must not contain blanks, control characters or any of / ? # % \\ ;"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
	}):
		return "must be text without characters that cannot be seen, such as those that change the direction of writing"
	case name == "." || name == "..":
		return "is not a usable path segment"
	}
	return ""
}

// identifier reads an id; "" asks the importer to make one.
func identifier(o *object, name string) string {
	id := o.str(name, "")
	if len(id) > 255 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' }) {
		o.fault(name, "an id has at most 255 bytes, and no blanks, slashes or control characters")
	}
	return id
}

func sslRequired(o *object) string {
	v := strings.ToLower(o.str("sslRequired", "external"))
	if v != "external" && v != "all" && v != "none" {
		o.fault("sslRequired", `must be "external", "all" or "none"`)
	}
	return v
}

func signatureAlgorithm(o *object) string {
	alg := o.str("defaultSignatureAlgorithm", "RS256")
	switch {
	case alg == "":
		return "RS256"
	case iam.Asymmetric(alg):
		return alg
	}
	o.warn("defaultSignatureAlgorithm", alg+" is not supported, RS256 is used instead")
	return "RS256"
}

func lifetimes(o *object) iam.Lifetimes {
	seconds := func(name string, absent int64) int {
		return int(o.integer(name, absent, -1, maxSeconds))
	}
	// positive is Keycloak's rule for the SSO limits: nothing useful means the default.
	positive := func(name string, absent int64) int {
		if v := seconds(name, absent); v > 0 {
			return v
		}
		return int(absent)
	}
	return iam.Lifetimes{
		AccessToken:           int(o.integer("accessTokenLifespan", 300, 1, maxSeconds)),
		SessionIdle:           positive("ssoSessionIdleTimeout", defaultSessionIdle),
		SessionMax:            positive("ssoSessionMaxLifespan", defaultSessionMax),
		SessionIdleRememberMe: max(0, seconds("ssoSessionIdleTimeoutRememberMe", 0)),
		SessionMaxRememberMe:  max(0, seconds("ssoSessionMaxLifespanRememberMe", 0)),
		OfflineIdle:           positive("offlineSessionIdleTimeout", defaultOfflineIdle),
		OfflineMax:            positive("offlineSessionMaxLifespan", defaultOfflineMax),
		OfflineMaxEnabled:     o.boolean("offlineSessionMaxLifespanEnabled", false),
		ClientSessionIdle:     max(0, seconds("clientSessionIdleTimeout", 0)),
		ClientSessionMax:      max(0, seconds("clientSessionMaxLifespan", 0)),
		AccessCode:            positive("accessCodeLifespan", 60),
	}
}

// guessing reads the brute-force settings. Only bruteForceProtected: true
// selects Keycloak's arithmetic; without it Usher's own policy stays on.
func guessing(o *object) iam.GuessPolicy {
	on := o.boolean("bruteForceProtected", false)
	number := func(name string, absent int64) int { return int(o.integer(name, absent, 0, maxSeconds)) }
	g := iam.GuessPolicy{
		Keycloak:              on,
		PermanentLockout:      o.boolean("permanentLockout", false),
		MaxTemporaryLockouts:  number("maxTemporaryLockouts", 0),
		Strategy:              o.str("bruteForceStrategy", "MULTIPLE"),
		FailureFactor:         number("failureFactor", 30),
		WaitIncrement:         number("waitIncrementSeconds", 60),
		MaxFailureWait:        number("maxFailureWaitSeconds", 900),
		MaxDeltaTime:          number("maxDeltaTimeSeconds", 43200),
		QuickLoginCheck:       number("quickLoginCheckMilliSeconds", 1000),
		MinimumQuickLoginWait: number("minimumQuickLoginWaitSeconds", 60),
	}
	if g.Strategy != "MULTIPLE" && g.Strategy != "LINEAR" {
		o.fault("bruteForceStrategy", `must be "MULTIPLE" or "LINEAR"`)
	}
	if on && g.FailureFactor < 1 {
		o.fault("failureFactor", "must be at least 1")
	}
	if !on {
		if o.has("bruteForceProtected") {
			o.warn("bruteForceProtected", "false does not switch guessing protection off: Usher's own policy applies")
		}
		for name := range guessingMembers {
			o.used[name] = false // kept, for who switches it on again
		}
		return iam.GuessPolicy{}
	}
	return g
}
