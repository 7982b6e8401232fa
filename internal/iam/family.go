package iam

// Recovery says when the direct parent of the current refresh token may be
// used again after its window: the rule for a response that got lost.
type Recovery string

const (
	RecoverNever       Recovery = "off"
	RecoverUnconfirmed Recovery = "unconfirmed" // until an access token of the successor was seen
	RecoverUntilUsed   Recovery = "until_used"  // until the successor itself was presented
)

// Family is a token family: the chain of refresh tokens that came from one
// login at one client. One row of constant size, whatever the number of
// refreshes. The policy fields are fixed at login.
type Family struct {
	ID        string
	RealmID   string
	SessionID string
	ClientID  string // UUID
	UserID    string
	// Scope is the full granted scope, as the refresh token states it.
	Scope string

	Rotating bool
	Window   int64 // ms
	MaxReuse int
	Recovery Recovery

	// Rev counts the writes of this row; conditional writes name it.
	Rev int64
	// Gen is the generation: the number of the newest refresh token. A
	// reusable family stays at 0.
	Gen       int64
	Salt      []byte // of the current token's jti
	KeyID     string // kid of the HMAC key that made the current token
	IssuedAt  int64  // Unix s, iat of the current token
	ExpiresAt int64  // Unix s, exp of the current token; 0: none

	ParentJTI  string
	Ring       []Used // newest first, at most 4
	Superseded int    // recoveries from the present parent
	Reused     int    // uses granted by MaxReuse
	Confirmed  bool

	RevokedAt    int64 // Unix ms; 0: alive
	RevokeReason string
	// DeadAt is when a sweeper may delete the row (Unix ms).
	DeadAt int64
}

// Used is a rotated-out refresh token in a family's ring.
type Used struct {
	JTI       string `json:"jti"`
	FirstUsed int64  `json:"at"` // Unix ms
}
