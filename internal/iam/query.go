package iam

// UserQuery asks for one page of a realm's users by ascending user name.
type UserQuery struct {
	// Search keeps the users whose user name or e-mail address contains it, in
	// any case; "" keeps all. A search reads the realm's users until the page
	// is full.
	Search string
	After  string // the user name of the page before's last one; "" from the start
	Limit  int
}

// SessionQuery asks for one page of a realm's user sessions, of one user or
// client where that is given.
type SessionQuery struct {
	UserID   string
	ClientID string // UUID
	// After is the Cursor of the page before's last one; "" from the start.
	After string
	Limit int
}

// SessionInfo is a user session with the name of its user and the clients it
// is used at.
type SessionInfo struct {
	UserSession
	Username string // "" when the user is gone
	Clients  []ClientUse
}

// Cursor is the After of the page that begins behind this one.
func (s *SessionInfo) Cursor() string { return s.UserID + "/" + s.ID }

// ClientUse is a session's use of one client, and its newest token family;
// FamilyID is "" where the client got no refresh token.
type ClientUse struct {
	ClientID  string // UUID
	StartedAt int64  // Unix ms
	FamilyID  string
	Rotating  bool
	Gen       int64
	RevokedAt int64 // Unix ms; 0: alive
}

// EventQuery asks for one page of events in the order of their commits. What
// is empty or 0 keeps all.
type EventQuery struct {
	RealmID   string
	UserID    string
	ClientID  string // the clientId
	Type      string
	Error     string
	ID        string // the error_id of an answer
	SessionID string
	From, To  int64 // Unix ms, both included
	// AfterRow and BeforeRow bound the page; both are excluded.
	AfterRow, BeforeRow int64
	Limit               int
	// Newest begins with the newest and goes back.
	Newest bool
}

// Member is a member of a VideoManager.
type Member struct {
	UserID   string
	Username string
}
