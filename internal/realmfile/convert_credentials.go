package realmfile

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// credential reads one credential of a user: a plain password, a hash in
// Keycloak's form or in its deprecated flat one, or another kind.
func credential(c *object, u *User) {
	cred := iam.Credential{
		ID: identifier(c, "id"), Type: c.str("type", "password"), Label: c.str("userLabel", ""),
		CreatedAt:  c.integer("createdDate", 0, 0, 1<<53),
		SecretData: c.str("secretData", ""), CredentialData: c.str("credentialData", ""),
	}
	flatCredential(c, &cred)
	var value *node
	temporary := false
	if cred.Type == "password" {
		value, temporary = c.get("value"), c.boolean("temporary", false)
	}
	rest := c.rest(knownCredential)
	switch {
	case cred.Type != "password":
		otherCredential(c, u, cred, rest)
		return
	case u.Password != nil || u.Plain != nil:
		c.warn("type", "a user has one password: this one is passed over")
		return
	}
	u.Kept = keep(u.Kept, keptCredential(cred.Type, 0), rest)
	passwordCredential(c, u, &cred, value)
	if temporary {
		addAction(u, "UPDATE_PASSWORD")
	}
}

// keptCredential is where what a file says of a credential beyond it is kept:
// under its type, and behind the first of a type its number.
func keptCredential(kind string, before int) string {
	if before == 0 {
		return "credentials/" + kind
	}
	return "credentials/" + kind + "#" + strconv.Itoa(before+1)
}

// passwordCredential takes a plain password, else the hash.
func passwordCredential(c *object, u *User, cred *iam.Credential, value *node) {
	hashed := cred.SecretData != "" || cred.CredentialData != ""
	if value != nil && hashed {
		if value.text != "" {
			c.warn("value", "the hash beside the plain password is passed over")
		} else {
			value = nil
		}
	}
	switch {
	case value != nil && value.kind == '"':
		if text := secret.PasswordFault(value.text); text != "" {
			c.fault("value", text)
		}
		u.Plain = &value.text
	case value != nil:
		c.fault("value", "must be a string")
	case !hashed:
		c.fault("", `a password needs "value", or "secretData" with "credentialData"`)
	default:
		if usableHash(c, u, cred) {
			u.Password = cred
		}
	}
}

const (
	leftOut    = "the password is left out: "
	setAnother = "; set one with `usher admin users passwd`"
)

func addAction(u *User, action string) {
	for _, a := range u.RequiredActions {
		if a == action {
			return
		}
	}
	u.RequiredActions = append(u.RequiredActions, action)
}

// flatCredential reads the deprecated form: hashedSaltedValue, salt,
// hashIterations and algorithm beside each other. Of one-time codes it has the
// seed there, and their old type names; Keycloak reads them the same.
func flatCredential(c *object, cred *iam.Credential) {
	switch cred.Type {
	case "password", "password-history":
		value, salt := c.str("hashedSaltedValue", ""), c.str("salt", "")
		iterations, algorithm := c.integer("hashIterations", 0, 0, 1<<31), c.str("algorithm", "pbkdf2")
		if value != "" {
			cred.SecretData, cred.CredentialData = secret.FlatPassword(value, salt, iterations, algorithm)
		}
	case "otp", "totp", "hotp":
		subType := map[bool]string{true: "hotp", false: "totp"}[cred.Type == "hotp"]
		cred.Type = "otp"
		if cred.SecretData != "" {
			return
		}
		if seed := cmp.Or(c.str("hashedSaltedValue", ""), c.str("value", "")); seed != "" {
			cred.SecretData = jsonText(map[string]any{"value": seed})
			cred.CredentialData = jsonText(map[string]any{
				"subType": subType, "digits": c.integer("digits", 6, 0, 10), "counter": c.integer("counter", 0, 0, 1<<31),
				"period": c.integer("period", 30, 0, 1<<31), "algorithm": c.str("algorithm", "HmacSHA1"),
			})
		}
	}
}

func jsonText(v map[string]any) string {
	raw, err := json.Marshal(v)
	if err != nil { // strings and numbers always marshal
		return ""
	}
	return string(raw)
}

// usableHash refuses a hash that is broken. One whose check would be a burden on
// everybody's logins, or that another program's algorithm made, is left out, and
// the user stays: one such user is no reason to leave all the others behind.
func usableHash(c *object, u *User, cred *iam.Credential) bool {
	err := secret.CheckPasswordHash(cred.SecretData, cred.CredentialData)
	switch {
	case err == nil:
		return true
	case errors.Is(err, secret.ErrPasswordCost):
		u.Costly = true
		c.keepsOut("", u.Username, leftOut+err.Error()+setAnother)
		return false
	case errors.Is(err, secret.ErrPasswordAlgorithm):
		u.Unknown = true
		c.keepsOut("", u.Username, leftOut+err.Error()+setAnother)
		return false
	}
	name := ""
	for _, n := range []string{"hashedSaltedValue", "credentialData", "secretData"} {
		if c.has(n) {
			name = n
		}
	}
	// Which half is at fault the message says; without it secretData is named.
	if text := err.Error(); name == "secretData" && strings.Contains(text, "credentialData") && c.has("credentialData") {
		name = "credentialData"
	}
	c.fault(name, err.Error())
	return true
}

// otherCredential keeps what is not a password. One-time codes and security
// keys count at once: a user who has them is not let in by the password alone.
func otherCredential(c *object, u *User, cred iam.Credential, rest map[string]json.RawMessage) {
	if cred.SecretData == "" && cred.CredentialData == "" {
		c.warn("type", "a credential of type "+cred.Type+" without secretData and credentialData is passed over")
		return
	}
	reason := "a credential of type " + cred.Type + " is " + notUsed
	u.Kept = keep(u.Kept, keptCredential(cred.Type, countOther(u.Other, cred.Type)), rest)
	u.Other = append(u.Other, cred)
	if (&iam.User{Other: []iam.Credential{cred}}).SecondFactor() {
		reason += ": a user who has one is not let in by the password alone, so not at all"
		c.keepsOut("type", u.Username, reason)
		return
	}
	c.warn("type", reason)
}

func countOther(list []iam.Credential, kind string) int {
	n := 0
	for _, c := range list {
		if c.Type == kind {
			n++
		}
	}
	return n
}
