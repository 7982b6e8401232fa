package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
)

func (a *admin) realmsCommand() *cobra.Command {
	c := group("realms", "The realms there are", "The realms there are.")
	c.AddCommand(
		a.command("list", "List realms", func(ctx context.Context, _ []string) error {
			realms, err := list[api.Realm](ctx, a, api.AdminRealms, nil, 0)
			if err != nil {
				return err
			}
			return printList(a, realms, "realm", []string{"REALM", "ENABLED", "USERS", "CLIENTS", "SESSIONS", "ISSUER"}, func(r api.Realm) []string {
				return []string{r.Name, yesNo(r.Enabled), strconv.Itoa(r.Users), strconv.Itoa(r.Clients), strconv.Itoa(r.Sessions), r.Issuer}
			})
		}),
		a.command("add NAME", "Add a realm as a fresh installation has it, without users", func(ctx context.Context, args []string) error {
			var out api.Realm
			if err := a.call(ctx, http.MethodPost, api.AdminRealms, nil, api.NewRealm{Name: args[0]}, &out); err != nil {
				return err
			}
			if !a.table() {
				return printJSON(a, out)
			}
			a.say("realm %s is added", out.Name)
			return nil
		}),
	)
	return c
}

func (a *admin) statusCommand() *cobra.Command {
	return a.command("status", "Say which server answers, or that none runs", func(ctx context.Context, _ []string) error {
		var s api.Status
		if err := a.call(ctx, http.MethodGet, api.AdminStatus, nil, nil, &s); err != nil {
			return err
		}
		runs := "no: the data folder was opened by this command"
		pid := ""
		if s.Online {
			runs, pid = "yes", strconv.Itoa(s.PID)
		}
		return printOne(a, s, [][2]string{
			{"server runs", runs}, {"version", s.Version}, {"commit", s.Revision}, {"process", pid}, {"started", milli(s.StartedAt)},
			{"public URL", s.PublicURL}, {"data folder", s.Data}, {"realms", strconv.Itoa(s.Realms)},
			{"configuration", "version " + strconv.FormatInt(s.ConfigVersion, 10)},
		})
	})
}
