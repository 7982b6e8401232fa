package iam

// Event is one line of the audit record. It is an argument of the store call
// that makes the change, and commits with it. Types and error names are
// Keycloak's (LOGIN, LOGIN_ERROR, REFRESH_TOKEN_ERROR, LOGOUT, …).
type Event struct {
	ID        string // also the error_id of the answer, when there was an error
	At        int64  // Unix ms
	RealmID   string
	Type      string
	ClientID  string // the clientId
	UserID    string
	SessionID string
	Address   string
	Error     string
	Details   map[string]string // never a secret
	Row       int64             // assigned by the store, ascending; the cursor of a reader
}
