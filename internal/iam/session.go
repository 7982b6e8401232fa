package iam

// UserSession is one login of one person; its ID is session_state and sid.
type UserSession struct {
	ID          string
	RealmID     string
	UserID      string
	StartedAt   int64
	LastRefresh int64 // Unix ms; moved by TouchSession and AdvanceFamily
	RememberMe  bool
	Offline     bool
	Address     string // client address at login
	Method      string // auth_method of the login event, e.g. "openid-connect"
	// DeadAt is when a sweeper may delete the row (Unix ms): 1¼ idle timeouts
	// after the last refresh, or the maximum, whichever is first.
	DeadAt int64
}

// ClientSession is a user session's use of one client.
type ClientSession struct {
	SessionID string
	ClientID  string // the client's UUID
	StartedAt int64
}

// FamilyView bundles what one read at the token endpoint fetches about a family:
// the rows and the store's time (Unix ms), by which all nodes judge alike.
// ClientSession is nil when it was removed; the user, who comes without the
// password, is nil when deleted.
type FamilyView struct {
	Family        Family
	Session       *UserSession // nil: logged out or swept
	ClientSession *ClientSession
	User          *User
	At            int64
}

// Login is everything one successful sign-in writes, as one fact.
type Login struct {
	Session       UserSession
	ClientSession ClientSession
	Family        *Family // nil when the client gets no refresh token
	ClearFailures string  // key of the failure row to delete; "" none
	Event         *Event
	// UserEpoch is the Epoch of the user as the login read it: a login that
	// was judged before a password change must not outlive it. 0: not checked.
	UserEpoch int64
}

// RealmImport is a whole realm as one import writes it: all or nothing.
type RealmImport struct {
	Realm   Realm
	Clients []Client
	Keys    []Key
	Users   []User
}
