package realmfile

import (
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// user is one user in the form of Keycloak's export; u is open.
func (x *Writer) user(u iam.User) map[string]any {
	out := map[string]any{
		"id": u.ID, "username": u.Username, "enabled": u.Enabled, "emailVerified": u.EmailVerified,
		"createdTimestamp": u.CreatedAt, "notBefore": u.NotBefore,
		"totp":            countOther(u.Other, "otp") > 0,
		"requiredActions": append([]string{}, u.RequiredActions...),
		"realmRoles":      append([]string{}, u.RealmRoles...),
		"groups":          append([]string{}, u.Groups...),
	}
	text(out, "email", u.Email)
	text(out, "firstName", u.FirstName)
	text(out, "lastName", u.LastName)
	text(out, "serviceAccountClientId", u.ServiceAccountOf)
	if len(u.Attributes) > 0 {
		out["attributes"] = u.Attributes
	}
	if len(u.ClientRoles) > 0 {
		out["clientRoles"] = u.ClientRoles
	}
	if x.Secrets {
		out["credentials"] = credentials(&u)
	}
	for name, raw := range u.Kept {
		if _, ok := out[name]; !ok && !strings.HasPrefix(name, "credentials/") {
			out[name] = raw
		}
	}
	return out
}

// credentials writes the password first, then the others in their order.
func credentials(u *iam.User) []any {
	out := []any{}
	one := func(c *iam.Credential, before int) {
		m := map[string]any{"type": c.Type, "secretData": c.SecretData, "credentialData": c.CredentialData}
		text(m, "id", c.ID)
		text(m, "userLabel", c.Label)
		if c.CreatedAt != 0 {
			m["createdDate"] = c.CreatedAt
		}
		addKept(m, u.Kept[keptCredential(c.Type, before)])
		out = append(out, m)
	}
	if u.Password != nil {
		one(u.Password, 0)
	}
	for i := range u.Other {
		one(&u.Other[i], countOther(u.Other[:i], u.Other[i].Type))
	}
	return out
}
