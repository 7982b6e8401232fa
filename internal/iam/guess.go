package iam

// GuessPolicy bounds the guessing of passwords. The zero value is Usher's own
// policy; Keycloak true selects Keycloak's arithmetic with the fields below.
type GuessPolicy struct {
	// Off switches counting off altogether; only our own setting does.
	Off bool `json:"off,omitempty"`
	// Keycloak is a realm file's bruteForceProtected: true.
	Keycloak              bool   `json:"keycloak,omitempty"`
	PermanentLockout      bool   `json:"permanentLockout,omitempty"`
	MaxTemporaryLockouts  int    `json:"maxTemporaryLockouts,omitempty"`
	Strategy              string `json:"strategy,omitempty"` // MULTIPLE or LINEAR
	FailureFactor         int    `json:"failureFactor,omitempty"`
	WaitIncrement         int    `json:"waitIncrement,omitempty"`         // s
	MaxFailureWait        int    `json:"maxFailureWait,omitempty"`        // s
	MaxDeltaTime          int    `json:"maxDeltaTime,omitempty"`          // s
	QuickLoginCheck       int    `json:"quickLoginCheck,omitempty"`       // ms
	MinimumQuickLoginWait int    `json:"minimumQuickLoginWait,omitempty"` // s
}

// Failures is the failure row of one user (known or unknown name).
type Failures struct {
	Count        int
	LastAt       int64  // Unix ms
	WaitUntil    int64  // Unix ms; logins before are refused without a hash
	Lockouts     int    // temporary lockouts so far
	Locked       bool   // until reset by an operator
	LastTag      []byte // keyed tag of the last wrong password
	Reservations []Reservation
	Rev          int64 // 0: no row
}

// Reservation is an attempt whose hash is running.
type Reservation struct {
	ID string `json:"id"`
	At int64  `json:"at"` // Unix ms
}
