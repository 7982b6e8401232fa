package vms

// Membership is a VideoManager with the ids of the users that are its members.
type Membership struct {
	VideoManager VideoManager
	Members      []string
}

// Counted is a VideoManager with the number of its members.
type Counted struct {
	VideoManager VideoManager
	Members      int
}

// Caller is who makes an API call, as the access token proved it.
type Caller struct {
	RealmID  string
	UserID   string
	Username string
	ClientID string // the clientId (azp)
	Scope    string
	Expires  int64 // Unix s
}
