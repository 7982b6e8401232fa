package api

import "encoding/json"

// Session is a user session.
type Session struct {
	ID            string          `json:"id"`
	UserID        string          `json:"user_id"`
	Username      string          `json:"username,omitempty"`
	StartedAt     int64           `json:"started_at"`      // Unix ms
	LastRefreshAt int64           `json:"last_refresh_at"` // Unix ms
	RememberMe    bool            `json:"remember_me,omitempty"`
	Offline       bool            `json:"offline,omitempty"`
	Address       string          `json:"address,omitempty"`
	Method        string          `json:"method,omitempty"`
	Clients       []SessionClient `json:"clients"`
}

// SessionClient is a session's use of one client.
type SessionClient struct {
	ClientID   string `json:"client_id"`  // the clientId
	StartedAt  int64  `json:"started_at"` // Unix ms
	Rotating   bool   `json:"rotating,omitempty"`
	Generation int64  `json:"generation,omitempty"` // of the newest refresh token
	RevokedAt  int64  `json:"revoked_at,omitempty"` // Unix ms: refreshing ended
}

// The scopes of a not-before.
const (
	ScopeRealm  = "realm"
	ScopeClient = "client"
	ScopeUser   = "user"
)

// SetNotBefore refuses the tokens of a realm, client or user that were issued
// before a moment.
type SetNotBefore struct {
	Scope string `json:"scope"`
	Name  string `json:"name,omitempty"` // of the client or user
	// At is in Unix seconds; 0 clears, absent is now.
	At *int64 `json:"at,omitempty"`
}

// NotBefore is what is now in force.
type NotBefore struct {
	Scope   string `json:"scope"`
	Name    string `json:"name,omitempty"`
	At      int64  `json:"at"` // Unix s
	Changed bool   `json:"changed"`
}

// ManagedVideoManager is a VideoManager as an operator sees one.
type ManagedVideoManager struct {
	VideoManager
	Members int `json:"members"`
}

// NewVideoManager asks for a VideoManager.
type NewVideoManager struct {
	ID            int64           `json:"id,omitempty"` // 0: the next free one
	Name          string          `json:"name"`
	UUID          string          `json:"uuid,omitempty"`          // "": a new one
	Configuration json.RawMessage `json:"configuration,omitempty"` // an object
	Members       []string        `json:"members,omitempty"`       // names or ids of users
}

// Member is a user who is a member of a VideoManager.
type Member struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// ChangeMembers names users by name, address or id.
type ChangeMembers struct {
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// MembersChanged counts what changed: who was (not) a member already is not counted.
type MembersChanged struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Members int `json:"members"`
}
