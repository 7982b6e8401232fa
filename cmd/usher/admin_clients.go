package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-a6a28e10/usher/api"
)

func (a *admin) clientsCommand() *cobra.Command {
	c := group("clients", "Applications that ask for tokens", "Applications that ask for tokens. ID is the clientId.")
	c.AddCommand(a.clientsList(), a.clientsShow(), a.clientsAdd(), a.clientsSecret(),
		a.clientsOrder("enable", "Let a client have tokens again", api.AdminClientEnable, "is enabled", "was enabled already"),
		a.clientsOrder("disable", "Refuse a client, and the tokens it has", api.AdminClientDisable, "is disabled", "was disabled already"),
	)
	return c
}

func (a *admin) clientsList() *cobra.Command {
	var search string
	c := a.command("list", "List clients", func(ctx context.Context, _ []string) error {
		q := url.Values{}
		if search != "" {
			q.Set("search", search)
		}
		clients, err := list[api.Client](ctx, a, api.AdminPath(api.AdminClients, a.realm), q, 0)
		if err != nil {
			return err
		}
		return printList(a, clients, "client", []string{"CLIENT", "KIND", "ENABLED", "GRANTS", "REFRESH", "ID"}, func(c api.Client) []string {
			return []string{c.ClientID, c.Kind, yesNo(c.Enabled), grants(c), c.RefreshPolicy, c.ID}
		})
	})
	c.Flags().StringVar(&search, "search", "", "only those with this `text` in clientId or name")
	return c
}

// grants names the ways to a token that are open to a client.
func grants(c api.Client) string {
	var out []string
	for _, g := range []struct {
		name string
		open bool
	}{{"code", c.StandardFlow}, {"password", c.DirectAccessGrants}, {"client credentials", c.ServiceAccounts}} {
		if g.open {
			out = append(out, g.name)
		}
	}
	return strings.Join(out, ", ")
}

func (a *admin) clientsShow() *cobra.Command {
	return a.command("show ID", "Show one client, without its secret", func(ctx context.Context, args []string) error {
		var c api.Client
		if err := a.call(ctx, http.MethodGet, api.AdminPath(api.AdminClient, a.realm, args[0]), nil, nil, &c); err != nil {
			return err
		}
		return printOne(a, c, [][2]string{
			{"client", c.ClientID}, {"id", c.ID}, {"name", c.Name}, {"kind", c.Kind}, {"protocol", c.Protocol}, {"enabled", yesNo(c.Enabled)},
			{"grants", grants(c)}, {"refresh", c.RefreshPolicy}, {"consent", yesNo(c.ConsentRequired)}, {"full scope", yesNo(c.FullScopeAllowed)},
			{"not before", seconds(c.NotBefore)}, {"redirect URIs", strings.Join(c.RedirectURIs, ", ")}, {"web origins", strings.Join(c.WebOrigins, ", ")},
			{"default scopes", strings.Join(c.DefaultScopes, ", ")}, {"optional scopes", strings.Join(c.OptionalScopes, ", ")},
		})
	})
}

func (a *admin) clientsOrder(name, short, route, done, already string) *cobra.Command {
	return a.command(name+" ID", short, func(ctx context.Context, args []string) error {
		return a.order(ctx, api.AdminPath(route, a.realm, args[0]), nil, "client "+args[0]+" "+done, "client "+args[0]+" "+already)
	})
}

func (a *admin) clientsAdd() *cobra.Command {
	in := api.NewClient{Kind: api.KindConfidential}
	c := a.command("add ID", "Add a client; what is not asked for is off", func(ctx context.Context, args []string) error {
		in.ClientID = args[0]
		var out api.ClientSecret
		if err := a.call(ctx, http.MethodPost, api.AdminPath(api.AdminClients, a.realm), nil, in, &out); err != nil {
			return err
		}
		if out.Secret == "" && a.table() {
			a.say("client %s is added", out.Client.ClientID)
			return nil
		}
		return printSecret(a, "client "+out.Client.ClientID+" is added; its secret, shown this once:", out.Secret, out)
	})
	f := c.Flags()
	f.StringVar(&in.Kind, "kind", in.Kind, "public, confidential or bearer-only")
	f.StringVar(&in.Name, "name", "", "`name` for people")
	f.BoolVar(&in.Disabled, "disabled", false, "give it no tokens yet")
	f.BoolVar(&in.StandardFlow, "standard-flow", false, "let people log in by their browser")
	f.BoolVar(&in.DirectAccessGrants, "direct-access-grants", false, "let it send passwords")
	f.BoolVar(&in.ServiceAccounts, "service-accounts", false, "let it have tokens of its own; confidential clients only")
	f.StringArrayVar(&in.RedirectURIs, "redirect-uri", nil, "where a browser may be sent back to, a `URI`; may be repeated")
	f.StringArrayVar(&in.WebOrigins, "web-origin", nil, "`origin` whose scripts may call; may be repeated")
	return c
}

func (a *admin) clientsSecret() *cobra.Command {
	return a.command("secret ID", "Give a client a new secret; the old one ends", func(ctx context.Context, args []string) error {
		var out api.ClientSecret
		if err := a.call(ctx, http.MethodPost, api.AdminPath(api.AdminClientSecret, a.realm, args[0]), nil, nil, &out); err != nil {
			return err
		}
		return printSecret(a, "the new secret of client "+args[0]+", shown this once:", out.Secret, out)
	})
}
