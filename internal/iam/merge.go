package iam

// StagedUser is a user who waits to become part of a realm.
type StagedUser struct {
	User User
	// Replaces is the stored user the change was decided upon; nil for a new one.
	// Enabled and Password are written too where they differ: then, and when the
	// user is disabled, the sessions end.
	Replaces *User
	MemberOf []int64 // ids of VideoManagers
}

// RealmMerge is what an import changes in one realm: all of it or nothing.
type RealmMerge struct {
	// Prev is the stored realm, nil where Next is a new one.
	Prev *Realm
	Next Realm
	// Clients and Keys are new; Changed are stored clients with what becomes of them.
	Clients []Client
	Changed []ClientChange
	Keys    []Key
	// Batch names the users put aside for it.
	Batch string
	// Members are new members among the users who are stored already.
	Members []MemberChange
	// At and Until (Unix ms) are those of revocations; see Revocation.
	At, Until int64
}

// ClientChange is a stored client and what becomes of it.
type ClientChange struct{ Prev, Next Client }

// MemberChange makes a user a member of a VideoManager.
type MemberChange struct {
	VideoManager int64
	UserID       string
}

// IDUse says what became of an id that is asked for again.
type IDUse string

const (
	IDUsed    IDUse = "used"    // a user has it
	IDDeleted IDUse = "deleted" // a user had it, and nobody will again
)
