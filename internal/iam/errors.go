package iam

import (
	"errors"
	"fmt"
)

// The answers every store method may give besides a result.
var (
	// ErrNotFound says that what was asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrStale is told to the loser of a race: the row is no longer what the
	// caller decided upon. Nothing was written; read again and decide again.
	ErrStale = errors.New("stale: the row changed since it was read")
	// ErrConflict says that a unique name or id is taken.
	ErrConflict = errors.New("conflict: the name or id is taken")
	// ErrUnavailable is storage trouble: a time-out, a full disk, an unknown
	// commit outcome. It never means "no"; on the wire it is 503.
	ErrUnavailable = errors.New("storage is unavailable")
	// ErrDamaged is the trouble of a row that is not what was written: its sum
	// is wrong. It is an ErrUnavailable, which waiting does not heal.
	ErrDamaged = fmt.Errorf("%w: a stored row is damaged", ErrUnavailable)
)
