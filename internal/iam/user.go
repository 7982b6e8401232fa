package iam

import (
	"encoding/json"
	"strings"
)

// User is a person, or the service account of a client.
type User struct {
	ID            string              `json:"id"` // UUID, never reassigned
	RealmID       string              `json:"-"`
	Username      string              `json:"username"` // canonical: see CanonicalName
	Email         string              `json:"email,omitempty"`
	EmailVerified bool                `json:"emailVerified,omitempty"`
	FirstName     string              `json:"firstName,omitempty"`
	LastName      string              `json:"lastName,omitempty"`
	Enabled       bool                `json:"enabled"`
	NotBefore     int64               `json:"notBefore,omitempty"` // Unix seconds
	CreatedAt     int64               `json:"createdAt,omitempty"` // Unix ms
	Attributes    map[string][]string `json:"attributes,omitempty"`
	// RequiredActions must be done before the password grant works again.
	RequiredActions []string            `json:"requiredActions,omitempty"`
	RealmRoles      []string            `json:"realmRoles,omitempty"`
	ClientRoles     map[string][]string `json:"clientRoles,omitempty"`
	Groups          []string            `json:"groups,omitempty"` // paths
	// ServiceAccountOf is the clientId whose service account this is.
	ServiceAccountOf string `json:"serviceAccountOf,omitempty"`

	// Password is the current password credential; nil when none is set.
	Password *Credential `json:"-"`
	// Other holds the remaining credentials (TOTP seeds …), secret parts sealed.
	Other []Credential               `json:"other,omitempty"`
	Kept  map[string]json.RawMessage `json:"kept,omitempty"`
	// Epoch counts password changes and disablings (not re-hashings); see
	// Login.UserEpoch.
	Epoch int64 `json:"-"`
}

// SecondFactor says whether the user has a credential beside the password that
// a login must ask for.
func (u *User) SecondFactor() bool {
	for _, c := range u.Other {
		if c.Type == "otp" || c.Type == "webauthn" {
			return true
		}
	}
	return false
}

// Credential is stored as Keycloak stores it: two strings of JSON.
type Credential struct {
	ID             string `json:"id,omitempty"`
	Type           string `json:"type"` // "password", "otp", …
	Label          string `json:"label,omitempty"`
	CreatedAt      int64  `json:"createdAt,omitempty"`
	SecretData     string `json:"secretData,omitempty"`     // {"value":b64,"salt":b64,…}; sealed (base64) unless a password
	CredentialData string `json:"credentialData,omitempty"` // {"hashIterations":5,"algorithm":"argon2",…}
}

// CanonicalName is the one spelling under which a user name or e-mail address
// is stored, found and counted: surrounding blanks removed, lower case.
func CanonicalName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// MinPassword is the least length of a password that a person sets, in
// characters (Unicode code points).
const MinPassword = 15
