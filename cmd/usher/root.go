package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// Exit codes.
const (
	exitFailed    = 1   // something did not work
	exitUsage     = 2   // the command, its flags or settings are wrong; or it was cancelled
	exitClient    = 3   // the server answered 4xx
	exitRefused   = 5   // not permitted
	exitTrouble   = 6   // the server answered 5xx or not at all; storage trouble
	exitFindings  = 8   // a check found problems
	exitInterrupt = 130 // by a signal, as a shell counts it
)

// main runs the command line and reports its error.
func (w *world) main(ctx context.Context) int {
	root := &cobra.Command{
		Use:           "usher",
		Short:         "Login service and video API",
		Long:          "Usher is a login service in Keycloak's wire format and the video API its tokens open.",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.DisableSuggestions = true
	root.SetArgs(w.args)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if wrong := (*pflag.InvalidValueError)(nil); errors.As(err, &wrong) && numeric(wrong.GetFlag()) {
			err = fmt.Errorf("--%s: %q is not a number", wrong.GetFlag().Name, wrong.GetValue())
		}
		return usage(err, fmt.Sprintf("run `%s --help` for its flags", c.CommandPath()))
	})
	root.AddCommand(w.devCommand(), w.serveCommand(), w.adminCommand(), w.backupCommand(), w.restoreCommand(), w.doctorCommand(), w.healthCommand(), w.assetsCommand(), w.versionCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	f := w.explain(root, err)
	if f.code == exitInterrupt && errors.Is(err, context.Canceled) {
		return f.code // who interrupted it knows
	}
	f.print(w.stderr)
	return f.code
}

// numeric says whether a flag takes numbers, whose faults pflag tells in the
// words of Go's strconv.
func numeric(f *pflag.Flag) bool { return strings.HasPrefix(f.Value.Type(), "int") }

// explain makes a failure of an error that came from cobra.
func (w *world) explain(root *cobra.Command, err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		if f.code == exitFailed && errors.Is(err, app.ErrUnavailable) {
			f.code = exitTrouble
		}
		return f
	case errors.Is(err, context.Canceled):
		return &failure{err: err, code: exitInterrupt}
	case errors.Is(err, app.ErrUnavailable):
		return &failure{err: err, code: exitTrouble}
	}
	if !strings.HasPrefix(err.Error(), "unknown command") {
		return &failure{err: err, code: exitFailed}
	}
	if c, _, wrong := root.Find(w.args); wrong == nil && c != root {
		return &failure{err: fmt.Errorf("%s takes no arguments, %q is one", c.Name(), c.Flags().Arg(0)), code: exitUsage,
			hint: fmt.Sprintf("run `%s --help` for its flags", c.CommandPath())}
	}
	f = &failure{err: err, code: exitUsage, hint: "run `usher --help` for the commands"}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	if near := nearest.Name(w.args[0], 2, names); near != "" {
		f.hint = "did you mean `usher " + near + "`?"
	}
	return f
}

// failure is an error with what to do about it.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// print writes `error:` and then `hint:`.
func (f *failure) print(w io.Writer) {
	fmt.Fprintf(w, "error: %v\n", f.err)
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
}

func usage(err error, hint string) error  { return &failure{err: err, hint: hint, code: exitUsage} }
func failed(err error, hint string) error { return &failure{err: err, hint: hint, code: exitFailed} }
