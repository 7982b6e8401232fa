package history

import "errors"

var (
	// ErrImpossible: no order of the operations explains the answers.
	ErrImpossible = errors.New("no server that keeps the rules could have answered so")
	// ErrUndecided: the search took too long.
	ErrUndecided = errors.New("no explanation found, and not all tried")
)
