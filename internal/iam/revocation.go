package iam

import "fmt"

// RevocationKind says what a feed entry refuses.
type RevocationKind string

const (
	RevokeToken         RevocationKind = "jti"
	RevokeFamily        RevocationKind = "family"
	RevokeClientSession RevocationKind = "client_session" // ID = session id + "/" + client UUID
	RevokeSession       RevocationKind = "session"
	RevokeUser          RevocationKind = "user"
	RevokeClient        RevocationKind = "client" // ID = client UUID
	RevokeRealm         RevocationKind = "realm"
	// ForgetMembers is not a refusal: a user's memberships changed.
	ForgetMembers RevocationKind = "members"
)

// Revocation is one entry of the revocation feed. For user, client and realm
// only tokens with iat < IssuedBefore (Unix seconds) are refused; for the
// others every token that names the ID.
type Revocation struct {
	Seq          int64 // assigned by the store, ascending
	RealmID      string
	Kind         RevocationKind
	ID           string
	IssuedBefore int64
	Until        int64 // Unix ms: after it no token can be touched any more
}

// ConfigRows is the whole configuration as stored, read in one transaction.
type ConfigRows struct {
	Version int64
	Realms  []Realm
	Clients []Client // RealmID set
	Keys    []Key    // RealmID set
	// Damaged are the rows that were left out of the above because they are
	// not what was written.
	Damaged []DamagedRow
}

// Whole is ErrDamaged when rows were left out: for who judges by what is not
// there.
func (c *ConfigRows) Whole() error {
	if len(c.Damaged) == 0 {
		return nil
	}
	return fmt.Errorf("%w: row %q of table %s", ErrDamaged, c.Damaged[0].ID, c.Damaged[0].Table)
}

// The tables of the configuration, as DamagedRow names them.
const (
	TableRealm  = "realm"
	TableClient = "client"
	TableKey    = "signing_key"
)

// DamagedRow is a row of the configuration that nobody can judge by.
type DamagedRow struct {
	Table, ID string
	// RealmID is the realm to which the row says it belongs; that may be wrong.
	RealmID string
}

// RowFindings are what a look at all sums found.
type RowFindings struct {
	Rows int64 // that were looked at
	// Damaged are the rows that are not what was written, Unread the tables that
	// could not be read to their end, with the reason; at most 1000 of each.
	Damaged []DamagedRow
	Unread  []string
}
