package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/cli"
)

func (a *admin) sessionsCommand() *cobra.Command {
	c := group("sessions", "Who is logged in", "Who is logged in.")
	c.AddCommand(a.sessionsList(), a.sessionsEnd())
	return c
}

func (a *admin) sessionsList() *cobra.Command {
	var user, client string
	var limit int
	c := a.command("list", "List user sessions", func(ctx context.Context, _ []string) error {
		q := url.Values{}
		for name, value := range map[string]string{"user": user, "client": client} {
			if value != "" {
				q.Set(name, value)
			}
		}
		sessions, err := list[api.Session](ctx, a, api.AdminPath(api.AdminSessions, a.realm), q, limit)
		if err != nil {
			return err
		}
		return printList(a, sessions, "session", []string{"SESSION", "USER", "STARTED", "LAST REFRESH", "FROM", "CLIENTS"}, func(s api.Session) []string {
			return []string{s.ID, s.Username, milli(s.StartedAt), milli(s.LastRefreshAt), s.Address, usedClients(s)}
		})
	})
	c.Flags().StringVar(&user, "user", "", "only those of this user: `name`, e-mail address or id")
	c.Flags().StringVar(&client, "client", "", "only those that use this client, its clientId as `id`")
	c.Flags().IntVar(&limit, "limit", 0, "at most this `number`; 0: all")
	return c
}

func usedClients(s api.Session) string {
	names := make([]string, len(s.Clients))
	for i, c := range s.Clients {
		names[i] = c.ClientID
		if c.RevokedAt != 0 {
			names[i] += " (revoked)"
		}
	}
	return strings.Join(names, ", ")
}

func (a *admin) sessionsEnd() *cobra.Command {
	var user string
	var all bool
	c := a.command("end [SESSION]", "End sessions: their tokens are refused at once", func(ctx context.Context, args []string) error {
		given := len(args)
		for _, is := range []bool{user != "", all} {
			if is {
				given++
			}
		}
		if given != 1 {
			return usage(errors.New("which sessions?"), "name one SESSION, or --user NAME, or --all")
		}
		path, q := api.AdminPath(api.AdminSessions, a.realm), url.Values{}
		switch {
		case len(args) == 1:
			path = api.AdminPath(api.AdminSession, a.realm, args[0])
		case user != "":
			q.Set("user", user)
		default:
			if err := a.sure(ctx, "End all sessions of realm "+a.realm+"?"); err != nil {
				return err
			}
		}
		var out api.Done
		if err := a.call(ctx, http.MethodDelete, path, q, nil, &out); err != nil {
			return err
		}
		if a.table() && out.Changed {
			a.say("%s ended", cli.Count(int64(max(1, out.Sessions)), "session"))
			return nil
		}
		return a.done(out, "", "there was nothing to end")
	})
	c.Flags().StringVar(&user, "user", "", "all of this user: `name`, e-mail address or id")
	c.Flags().BoolVar(&all, "all", false, "all of the realm")
	return a.yesFlag(c)
}
