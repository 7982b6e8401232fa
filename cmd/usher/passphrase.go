package main

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/seed-a6a28e10/usher/internal/cli"
)

// leastPassphrase is how many characters one must have: whoever finds the file
// can guess at it for as long as he likes.
const leastPassphrase = 15

// newPassphrase asks for the one under which a key goes into a backup, twice.
func (a *admin) newPassphrase(ctx context.Context, stdin bool) (string, error) {
	text, err := a.typed(stdin, func() (string, error) {
		return a.prompter().NewPassword(ctx, "Passphrase for the master key", func(string) error { return nil })
	})
	if err == nil && utf8.RuneCountInString(text) < leastPassphrase {
		return "", usage(fmt.Errorf("the passphrase has less than %d characters", leastPassphrase), "six words that a die chose do well")
	}
	return text, err
}

// passphrase asks for the one of a key in a backup.
func (a *admin) passphrase(ctx context.Context, stdin bool) (string, error) {
	text, err := a.typed(stdin, func() (string, error) {
		return a.prompter().Password(ctx, "Passphrase of the master key")
	})
	if err == nil && text == "" {
		return "", usage(errors.New("the passphrase is empty"), "")
	}
	return text, err
}

func (a *admin) typed(stdin bool, ask func() (string, error)) (text string, err error) {
	if stdin {
		text, err = cli.ReadPassword(a.stdin)
	} else {
		text, err = ask()
	}
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, cli.ErrNoTerminal):
		return "", usage(errors.New("no passphrase was given"), "pipe it in with --passphrase-stdin")
	case errors.Is(err, cli.ErrEmpty):
		return "", usage(errors.New("the passphrase is empty"), "")
	case errors.Is(err, cli.ErrMismatch):
		return "", usage(errors.New("the two passphrases differ"), "nothing was written; try again")
	}
	return "", a.unanswered(err)
}
