package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/internal/app"
	"github.com/seed-a6a28e10/usher/internal/app/examine"
	"github.com/seed-a6a28e10/usher/internal/cli"
	"github.com/seed-a6a28e10/usher/internal/doctor"
	"github.com/seed-a6a28e10/usher/internal/nearest"
)

// doctorReport is what doctor prints as JSON.
type doctorReport struct {
	Findings doctor.Report `json:"findings"`
	Warnings int           `json:"warnings"` // not accepted
	Failures int           `json:"failures"`
}

func (w *world) doctorCommand() *cobra.Command {
	a := &admin{world: w}
	var deep, offline bool
	var accept []string
	c := a.command("doctor", "Look for what is wrong, or will be, with an installation", func(ctx context.Context, _ []string) error {
		return a.doctor(ctx, deep, offline, accept)
	})
	c.Long = `Look at settings, files, disk, clock, keys, realms, the database and what the
public URL answers, and print a line for each: success, warning or failure, with
advice. Nothing is changed; a server may run.

  usher doctor --config /etc/usher/usher.yaml
  usher doctor --deep --accept realms.password-grant

Exits with 8 when there is a warning or a failure that was not accepted. Run it
as the server's user or as root.`
	c.Flags().BoolVar(&deep, "deep", false, "look at every row of the database and the whole record of events")
	c.Flags().BoolVar(&offline, "offline", false, "do not ask the public URL")
	c.Flags().StringSliceVar(&accept, "accept", nil, "`checks` whose findings are known and do not count, e.g. realms.password-grant")
	return a.atFolder(c)
}

func (a *admin) doctor(ctx context.Context, deep, offline bool, accept []string) error {
	for _, name := range accept {
		if err := knownCheck(name); err != nil {
			return err
		}
	}
	at, err := a.locate()
	if err != nil {
		return err
	}
	o := examine.Options{Config: at.config, Settings: at.settings, Problems: settingsProblems(at), Deep: deep, Offline: offline,
		Dial: app.AdminDialer(at.data), Version: readBuild().version}
	o.Config.Data, o.Config.MasterKeyFile = at.data, at.keyFile
	o.MasterKey, o.KeyError = at.masterKey()
	out := doctorReport{Findings: examine.Examine(ctx, o)}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := out.Findings.Accept(accept); err != nil {
		return err
	}
	out.Warnings, out.Failures = out.Findings.Open()
	if err := a.printFindings(out); err != nil {
		return err
	}
	if out.Warnings+out.Failures > 0 {
		return &failure{err: fmt.Errorf("%s, %s", cli.Count(int64(out.Failures), "failure"), cli.Count(int64(out.Warnings), "warning")), code: exitFindings,
			hint: "follow the advice; what is meant to be so is accepted with --accept CHECK"}
	}
	return nil
}

// knownCheck refuses a name that no check bears.
func knownCheck(name string) error {
	if slices.Contains(doctor.Checks(), name) {
		return nil
	}
	hint := "the checks: " + strings.Join(doctor.Checks(), ", ")
	if near := nearest.Name(name, 3, doctor.Checks()); near != "" {
		hint = "did you mean " + near + "?"
	}
	return usage(fmt.Errorf("no check is named %q", name), hint)
}

func (a *admin) printFindings(r doctorReport) error {
	if !a.table() {
		return printJSON(a, r)
	}
	return writeFindings(a.stdout, r.Findings, a.bold())
}

// writeFindings prints a line for each finding, grouped, and the advice below.
func writeFindings(w io.Writer, r doctor.Report, bold bool) error {
	var b strings.Builder
	group := ""
	for _, f := range r {
		if f.Group() != group {
			group = f.Group()
			if bold {
				fmt.Fprintf(&b, "\x1b[1m%s\x1b[0m\n", group)
			} else {
				fmt.Fprintf(&b, "%s\n", group)
			}
		}
		level := string(f.Level)
		if f.Accepted && f.Level != doctor.Success {
			level = "accepted"
		}
		fmt.Fprintf(&b, "  %-8s  %s: %s\n", level, f.Check, cli.Clean(f.Text))
		if f.Advice != "" && !f.Accepted {
			advice := cli.Clean(f.Advice)
			if f.Clause != "" {
				advice += " (" + f.Clause + ")"
			}
			fmt.Fprintf(&b, "            advice: %s\n", advice)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
