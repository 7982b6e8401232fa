package iam

import (
	"errors"
	"net/netip"
)

// Attempt is one try to log in with a name and a password.
type Attempt struct {
	Username string // as sent
	Password string // as sent, decoded once
	Address  netip.Addr
	ClientID string // the clientId, for the event
	// EventID becomes the id of the event written when the attempt fails; the
	// answer's error_id is the same.
	EventID string
	// Direct marks a direct grant, the only kind the verified-password cache serves.
	Direct bool
}

// Verified is the outcome of a right password: the user as read for this
// login, and the failure row to clear ("" when it is empty already).
type Verified struct {
	User          User
	ClearFailures string
}

// How an attempt fails besides storage trouble. BadCredentials covers unknown,
// wrong, locked and waiting alike.
var (
	ErrBadCredentials  = errors.New("bad credentials")
	ErrAccountDisabled = errors.New("account disabled")            // only after the right password
	ErrAccountNotSetUp = errors.New("account is not fully set up") // only after the right password
)

// BusyError says that admission refused the attempt without judging it.
type BusyError struct {
	RetryAfter int // seconds
	// Address says that the client's address or network has sent too many wrong
	// passwords; otherwise too many logins wait for a hash.
	Address bool
}

func (e BusyError) Error() string {
	if e.Address {
		return "too many failed logins from this address"
	}
	return "too many logins are waiting"
}
