package admin

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// credential reads one credential of a user: a plain password, a hash in
// Keycloak's form or in its deprecated flat one, or another kind.
func credential(c *object, u *DraftUser) {
	cred := iam.Credential{
		ID: identifier(c, "id"), Type: c.str("type", "password"), Label: c.str("userLabel", ""),
		CreatedAt:  c.integer("createdDate", 0, 0, 1<<53),
		SecretData: c.str("secretData", ""), CredentialData: c.str("credentialData", ""),
	}
	temporary := c.boolean("temporary", false)
	value := c.get("value")
	flatHash(c, &cred)
	if rest := c.rest(knownCredential); len(rest) > 0 {
		u.Kept = keep(u.Kept, "credentials/"+cred.Type+"/"+cred.ID, rest)
	}
	if cred.Type != "password" {
		otherCredential(c, u, cred)
		return
	}
	if u.Password != nil || u.Plain != nil {
		c.warn("type", "a user has one password: this one is passed over")
		return
	}
	switch {
	case value != nil && value.kind == '"':
		u.Plain = &value.text
	case value != nil:
		c.fault("value", "must be a string")
	case cred.SecretData == "" && cred.CredentialData == "":
		c.fault("", `a password needs "value", or "secretData" with "credentialData"`)
	default:
		usableHash(c, &cred)
		u.Password = &cred
	}
	if temporary {
		addAction(u, "UPDATE_PASSWORD")
	}
}

func addAction(u *DraftUser, action string) {
	for _, a := range u.RequiredActions {
		if a == action {
			return
		}
	}
	u.RequiredActions = append(u.RequiredActions, action)
}

// flatHash reads the deprecated form: hashedSaltedValue, salt, hashIterations
// and algorithm beside each other.
func flatHash(c *object, cred *iam.Credential) {
	value, salt := c.str("hashedSaltedValue", ""), c.str("salt", "")
	iterations := c.integer("hashIterations", 0, 0, 1<<31)
	algorithm := c.str("algorithm", "pbkdf2")
	if value != "" {
		cred.SecretData, cred.CredentialData = secret.FlatPassword(value, salt, iterations, algorithm)
	}
}

// usableHash refuses a hash that could never be verified, or whose parameters
// would make every login a burden.
func usableHash(c *object, cred *iam.Credential) {
	err := secret.CheckPasswordHash(cred.SecretData, cred.CredentialData)
	if err == nil {
		return
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
}

// otherCredential keeps what is not a password. One-time codes count at once:
// a login of a user who has them asks for them.
func otherCredential(c *object, u *DraftUser, cred iam.Credential) {
	if cred.SecretData == "" && cred.CredentialData == "" {
		c.warn("type", "a credential of type "+cred.Type+" without secretData and credentialData is passed over")
		return
	}
	c.warn("type", "a credential of type "+cred.Type+" is "+notUsed)
	u.Other = append(u.Other, cred)
}
