package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/cli"
	"github.com/seed-a6a28e10/usher/internal/iam"
)

// passwordFlags say where a password comes from. None of them holds one: other
// users of a machine can read the arguments of a process.
type passwordFlags struct {
	stdin, generate, none, temporary bool
}

func (f *passwordFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.stdin, "password-stdin", false, fmt.Sprintf("read the password, at least %d characters, from standard input", iam.MinPassword))
	c.Flags().BoolVar(&f.generate, "generate", false, "make a password up, and print it this once")
	c.Flags().BoolVar(&f.temporary, "temporary", false, "the password must be changed at the first login")
}

// newPassword is the password to set; nil: none. shown says that it was made
// up, so that somebody must be told.
func (a *admin) newPassword(ctx context.Context, f passwordFlags) (password *string, shown bool, err error) {
	n := 0
	for _, given := range []bool{f.stdin, f.generate, f.none} {
		if given {
			n++
		}
	}
	var text string
	switch {
	case n > 1:
		return nil, false, usage(errors.New("a password comes from one place only"), "give one of --password-stdin, --generate and --no-password")
	case f.none:
		return nil, false, nil
	case f.generate:
		text = rand.Text()
	case f.stdin:
		text, err = cli.ReadPassword(a.stdin)
	default:
		if _, err := a.folder(); err != nil && a.prompter().Can() {
			return nil, false, err // before somebody thinks of a password
		}
		text, err = a.prompter().NewPassword(ctx, fmt.Sprintf("New password (at least %d characters)", iam.MinPassword), longEnough)
	}
	if err != nil {
		return nil, false, a.unanswered(err)
	}
	return &text, f.generate, nil
}

// errShort: the server would refuse the password, as it does one from a pipe.
var errShort = fmt.Errorf("a password has at least %d characters", iam.MinPassword)

// longEnough judges the first of two entries.
func longEnough(password string) error {
	if utf8.RuneCountInString(password) < iam.MinPassword {
		return errShort
	}
	return nil
}

// unanswered explains a prompt without an answer.
func (a *admin) unanswered(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, cli.ErrNoTerminal):
		return usage(errors.New("no password was given"), "pipe it in with --password-stdin, or let one be made up with --generate")
	case errors.Is(err, io.EOF):
		return usage(errors.New("cancelled"), "")
	case errors.Is(err, cli.ErrMismatch), errors.Is(err, cli.ErrEmpty), errors.Is(err, errShort), errors.Is(err, cli.ErrLong):
		return usage(err, "nothing was changed; try again")
	}
	return failed(err, "")
}

// yesFlag lets a command go ahead without a question.
func (a *admin) yesFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.yes, "yes", false, "do not ask whether that is meant")
	return c
}

// sure asks before what cannot be taken back.
func (a *admin) sure(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	ok, err := a.prompter().Confirm(ctx, cli.Clean(question))
	switch {
	case errors.Is(err, cli.ErrNoTerminal):
		return usage(errors.New("this cannot be taken back, and nobody is there to ask"), "add --yes if it is meant")
	case err != nil:
		return err
	case !ok:
		return usage(errors.New("cancelled: nothing was changed"), "")
	}
	return nil
}
