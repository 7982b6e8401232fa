package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/cli"
	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// admin is one command line of `usher admin`: its common flags, and what the
// commands share.
type admin struct {
	*world
	data, config, keyFile, realm string
	json, noInput, yes           bool

	api *adminAPI // connected at the first request
}

// defaultConfig is read when neither flag nor variable names the data folder.
const defaultConfig = "/etc/usher/usher.yaml"

func (w *world) adminCommand() *cobra.Command {
	a := &admin{world: w}
	c := group("admin", "Administer realms, people, clients, keys and events",
		`Administer the Usher whose data folder is named: over its Unix socket while it
runs, else by opening the folder, which takes the master key.

  usher admin import realm.json
  usher admin users add anna@example.org --all-vms
  usher admin events --follow

A table is printed on a terminal; JSON in a pipe or with --json.
Exit codes: 0 done, 1 failed, 2 wrong usage or cancelled, 3 the server refused
(its status stands in the message), 5 not permitted, 6 the server or its storage
is in trouble, 8 a check found something, 130 interrupted.`)
	f := c.PersistentFlags()
	f.StringVar(&a.data, "data", "", "data `folder` (else USHER_DATA, else that of the settings)")
	f.StringVar(&a.config, "config", "", "settings `file` of the server (else "+defaultConfig+" where that exists)")
	f.StringVar(&a.keyFile, "master-key-file", "", "master key `file`, needed while no server runs (else that of the settings, else FOLDER.key)")
	f.StringVar(&a.realm, "realm", "platform", "`name` of the realm")
	f.BoolVar(&a.json, "json", false, "print JSON on a terminal too")
	f.BoolVar(&a.noInput, "no-input", false, "ask nothing, even on a terminal")
	c.AddCommand(
		a.importCommand(), a.exportCommand(), a.usersCommand(), a.clientsCommand(), a.sessionsCommand(), a.notBeforeCommand(),
		a.vmsCommand(), a.keysCommand(), a.eventsCommand(), a.masterKeyCommand(), a.realmsCommand(), a.statusCommand(),
	)
	return c
}

// group is a command that only holds others.
func group(use, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			hint := fmt.Sprintf("run `%s --help` for the commands", c.CommandPath())
			var names []string
			for _, sub := range c.Commands() {
				names = append(names, sub.Name())
			}
			if near := nearest.Name(args[0], 2, names); near != "" {
				hint = fmt.Sprintf("did you mean `%s %s`?", c.CommandPath(), near)
			}
			return usage(fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath()), hint)
		},
	}
}

// command is one that does something. Its use names its arguments, which are
// checked by number: one in brackets may be left out, one with "…" repeated.
func (a *admin) command(use, short string, run func(ctx context.Context, args []string) error) *cobra.Command {
	wanted := strings.Fields(use)[1:]
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error { return arguments(c, wanted, args) },
		RunE: func(c *cobra.Command, args []string) error {
			err := run(c.Context(), args)
			if a.api != nil {
				err = errors.Join(err, a.api.close())
			}
			return err
		},
	}
}

// arguments compares what was given with what is wanted.
func arguments(c *cobra.Command, wanted, args []string) error {
	hint := fmt.Sprintf("run `%s --help` for its arguments and flags", c.CommandPath())
	name := func(i int) string { return strings.Trim(wanted[min(i, len(wanted)-1)], "[]…") }
	most := len(wanted)
	if most > 0 && strings.HasSuffix(wanted[most-1], "…") {
		most = len(args)
	}
	switch {
	case len(args) < len(wanted) && wanted[len(args)][0] != '[':
		return usage(fmt.Errorf("`%s` needs %s", c.CommandPath(), name(len(args))), hint)
	case len(args) > most:
		return usage(fmt.Errorf("`%s` does not take %q", c.CommandPath(), args[most]), hint)
	}
	for i, arg := range args {
		if arg == "" {
			return usage(fmt.Errorf("%s is empty", name(i)), hint)
		}
	}
	return nil
}

// table says that people read the output.
func (a *admin) table() bool { return !a.json && cli.IsTerminal(a.stdout) }

// bold says whether the terminal may be written to in bold.
func (a *admin) bold() bool {
	return a.table() && a.variable("NO_COLOR") == "" && a.variable("TERM") != "dumb"
}

func (a *admin) prompter() *cli.Prompter {
	return &cli.Prompter{In: a.stdin, Out: a.stderr, Never: a.noInput}
}

// say tells people what was done; whoever reads JSON has the answer.
func (a *admin) say(format string, args ...any) {
	if a.table() {
		fmt.Fprintln(a.stderr, cli.Clean(fmt.Sprintf(format, args...)))
	}
}

// milli and seconds show a time of the server.
func milli(ms int64) string {
	if ms == 0 {
		return ""
	}
	return cli.Moment(time.Now(), time.UnixMilli(ms))
}

func seconds(s int64) string { return milli(s * 1000) }

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
