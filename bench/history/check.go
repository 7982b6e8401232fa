package history

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// patience bounds the search for an order; a history of one family has so few
// operations at once that it is never needed.
const patience = time.Minute

// Check looks for an order of a settled history in which the rules explain
// every answer, for the store's face and for the video API's. The error holds
// the history.
func Check(l *Log) error {
	ops := l.Ops()
	if err := check(ops, row{}, l.Family.step); err != nil {
		return fmt.Errorf("%w:\n%s", err, l)
	}
	if err := check(ops, apiRow{}, apiStep); err != nil {
		return fmt.Errorf("at the video API: %w:\n%s", err, l)
	}
	return nil
}

// CheckAccount does the same for an account.
func CheckAccount(begin Account, ops []AccountOp) error {
	history := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		history[i] = porcupine.Operation{Input: o, Call: o.Call, Return: o.Return}
	}
	if err := search(history, begin, Account.step); err != nil {
		return fmt.Errorf("%w:\n%s", err, AccountText(begin, ops))
	}
	return nil
}

func check[S comparable](ops []Op, begin S, step func(S, Op) []S) error {
	history := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		history[i] = porcupine.Operation{Input: o, Call: o.Call, Return: o.Return}
	}
	return search(history, begin, step)
}

// search explains a history, or fails.
func search[S comparable, O any](history []porcupine.Operation, begin S, step func(S, O) []S) error {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{begin} },
		Step: func(state, input, _ any) []any {
			next := step(state.(S), input.(O))
			out := make([]any, len(next))
			for i, s := range next {
				out[i] = s
			}
			return out
		},
	}
	switch porcupine.CheckOperationsTimeout(model.ToModel(), history, patience) {
	case porcupine.Ok:
		return nil
	case porcupine.Illegal:
		return ErrImpossible
	default:
		return fmt.Errorf("%w in %v", ErrUndecided, patience)
	}
}
