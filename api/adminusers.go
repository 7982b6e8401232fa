package api

// User is a user as an operator sees one: no secret, and no hash.
type User struct {
	ID              string              `json:"id"`
	Username        string              `json:"username"`
	Email           string              `json:"email,omitempty"`
	EmailVerified   bool                `json:"email_verified,omitempty"`
	FirstName       string              `json:"first_name,omitempty"`
	LastName        string              `json:"last_name,omitempty"`
	Enabled         bool                `json:"enabled"`
	CreatedAt       int64               `json:"created_at,omitempty"` // Unix ms
	NotBefore       int64               `json:"not_before,omitempty"` // Unix s
	RequiredActions []string            `json:"required_actions,omitempty"`
	RealmRoles      []string            `json:"realm_roles,omitempty"`
	ClientRoles     map[string][]string `json:"client_roles,omitempty"` // by clientId
	Groups          []string            `json:"groups,omitempty"`       // paths
	Attributes      map[string][]string `json:"attributes,omitempty"`
	// ServiceAccountOf is the clientId whose service account this is.
	ServiceAccountOf string `json:"service_account_of,omitempty"`
	HasPassword      bool   `json:"has_password"`
	// Credentials are the kinds of the other credentials ("otp", …).
	Credentials []string `json:"credentials,omitempty"`
	// VideoManagers and Lock are told of a single user only, not in a list.
	VideoManagers []int64   `json:"vms,omitempty"`
	Lock          *UserLock `json:"lock,omitempty"` // nil: no wrong password is remembered
}

// UserLock is what wrong passwords have led to.
type UserLock struct {
	Failures  int   `json:"failures"`
	LastAt    int64 `json:"last_at,omitempty"`    // Unix ms
	WaitUntil int64 `json:"wait_until,omitempty"` // Unix ms; logins before are refused
	Locked    bool  `json:"locked,omitempty"`     // until an operator unlocks
}

// NewUser asks for a user.
type NewUser struct {
	Username      string `json:"username"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`
	FirstName     string `json:"first_name,omitempty"`
	LastName      string `json:"last_name,omitempty"`
	Disabled      bool   `json:"disabled,omitempty"`
	// Password has at least 15 characters; absent: the user cannot log in yet.
	Password  *string `json:"password,omitempty"`
	Temporary bool    `json:"temporary,omitempty"` // the password must be changed at first
	// RealmRoles and ClientRoles (by clientId) must exist.
	RealmRoles  []string            `json:"realm_roles,omitempty"`
	ClientRoles map[string][]string `json:"client_roles,omitempty"`
	Groups      []string            `json:"groups,omitempty"` // paths
	// VideoManagers are the ids of those the user is a member of.
	VideoManagers    []int64 `json:"vms,omitempty"`
	AllVideoManagers bool    `json:"all_vms,omitempty"`
}

// NewPassword sets a password and ends the user's sessions.
type NewPassword struct {
	Password  string `json:"password"`            // at least 15 characters
	Temporary bool   `json:"temporary,omitempty"` // it must be changed before anything else
}
