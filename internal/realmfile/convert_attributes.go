package realmfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Usher's own settings travel in Keycloak's free attributes, with names that
// begin with "usher.", so that a realm file stays one Keycloak can read.
const ownPrefix = "usher."

// ownRealm are the realm attributes and what each sets.
var ownRealm = map[string]func(r *iam.Realm, value string) string{
	"usher.session.max.none":        flag(func(r *iam.Realm, on bool) { setIf(on, &r.Lifetimes.SessionMax, 0) }),
	"usher.rotation.window":         rotationWindow,
	"usher.reject.ahead":            flag(func(r *iam.Realm, on bool) { r.RejectAhead = on }),
	"usher.guessing":                guessingMode,
	"usher.verified.password.cache": flag(func(r *iam.Realm, on bool) { r.NoVerifiedPasswordCache = !on }),
	"usher.token.type.capital":      flag(func(r *iam.Realm, on bool) { r.TokenTypeCapital = on }),
	"usher.wrong.password.400":      flag(func(r *iam.Realm, on bool) { r.WrongPasswordIs400 = on }),
	"usher.session.state.claim":     flag(func(r *iam.Realm, on bool) { r.NoSessionStateClaim = !on }),
	"usher.video.audience":          flag(func(r *iam.Realm, on bool) { r.NoVideoAudience = !on }),
}

// ownClient are the client attributes and what each sets.
var ownClient = map[string]func(c *iam.Client, value string) string{
	"usher.revoke.refresh.token": func(c *iam.Client, value string) string {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return `must be "true" or "false"`
		}
		c.RevokeRefreshToken = &on
		return ""
	},
	"usher.recovery": func(c *iam.Client, value string) string {
		switch r := iam.Recovery(value); r {
		case iam.RecoverNever, iam.RecoverUnconfirmed, iam.RecoverUntilUsed:
			c.Recovery = r
			return ""
		}
		return `must be "off", "unconfirmed" or "until_used"`
	},
}

func setIf(on bool, field *int, value int) {
	if on {
		*field = value
	}
}

func flag(set func(*iam.Realm, bool)) func(*iam.Realm, string) string {
	return func(r *iam.Realm, value string) string {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return `must be "true" or "false"`
		}
		set(r, on)
		return ""
	}
}

func rotationWindow(r *iam.Realm, value string) string {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 60 {
		return "must be from 0 to 60 seconds"
	}
	r.RotationWindow = n
	return ""
}

func guessingMode(r *iam.Realm, value string) string {
	switch value {
	case "usher":
		r.Guessing = iam.GuessPolicy{}
	case "off":
		r.Guessing = iam.GuessPolicy{Off: true}
	default:
		return `must be "usher" or "off"`
	}
	return ""
}

// realmAttributes applies our own attributes and names the others that carry
// something. All of them stay attributes.
func realmAttributes(o *object, r *iam.Realm) {
	names := map[string]bool{}
	for name := range ownRealm {
		names[name] = true
	}
	eachAttribute(o, func(a *object, name, value string) {
		if set, ok := ownRealm[name]; ok {
			if fault := set(r, value); fault != "" {
				a.fault(name, fault)
			}
			return
		}
		switch {
		case strings.HasPrefix(name, ownPrefix):
			a.fault(name, "no such setting"+didYouMean(name, names))
		case saysText(value):
			a.warn(name, notUsed)
		}
	})
}

// clientAttributes does the same for a client.
func clientAttributes(o *object, c *iam.Client) {
	names := map[string]bool{}
	for name := range ownClient {
		names[name] = true
	}
	eachAttribute(o, func(a *object, name, value string) {
		set, ok := ownClient[name]
		switch {
		case ok:
			if fault := set(c, value); fault != "" {
				a.fault(name, fault)
			}
		case strings.HasPrefix(name, ownPrefix):
			a.fault(name, "no such setting"+didYouMean(name, names))
		case slices.Contains(algorithmAttributes, name):
			if value != "" && !iam.Asymmetric(value) {
				a.warn(name, value+" is not supported, the realm's algorithm is used instead")
			}
		case usedAttributes[name] || inertAttributes[name]:
		case saysText(value):
			a.warn(name, notUsed)
		}
	})
}

// scopeAttributes names what a client scope's attributes ask for in vain.
func scopeAttributes(o *object) {
	eachAttribute(o, func(a *object, name, value string) {
		if name != inTokenScope && saysText(value) {
			a.warn(name, notUsed)
		}
	})
}

// saysText tells an attribute that asks for something from one that states
// what holds without it. All are texts.
func saysText(value string) bool {
	switch value {
	case "", "false", "0", "-1", "{}", "[]":
		return false
	}
	return true
}

// eachAttribute visits the string attributes in the order of the file.
func eachAttribute(o *object, visit func(a *object, name, value string)) {
	a, ok := o.child("attributes")
	if !ok {
		return
	}
	for i := range a.node.kids {
		if k := &a.node.kids[i]; scalar(&k.value) {
			visit(a, k.name, k.value.text)
		}
	}
}
