package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func (a *API) clients(_ context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r, "search")
	if err != nil {
		return web.Reply{}, err
	}
	list, realm, err := a.Service.ClientList(r.PathValue("realm"), q.Get("search"), q.after, q.limit+1)
	return reply(page(list, q.limit,
		func(c **iam.Client) api.Client { return client(*c, realm) },
		func(c **iam.Client) string { return (*c).ClientID }), err)
}

func (a *API) client(_ context.Context, r *web.Request) (web.Reply, error) {
	if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	c, realm, err := a.Service.ClientOf(r.PathValue("realm"), r.PathValue("client"))
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: client(c, realm)}, nil
}

func (a *API) addClient(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.NewClient
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	c := iam.Client{
		ClientID: in.ClientID, Name: in.Name, Enabled: !in.Disabled,
		StandardFlow: in.StandardFlow, DirectAccessGrants: in.DirectAccessGrants, ServiceAccounts: in.ServiceAccounts,
		RedirectURIs: in.RedirectURIs, WebOrigins: in.WebOrigins,
	}
	switch in.Kind {
	case api.KindPublic:
		c.Public = true
	case api.KindBearerOnly:
		c.BearerOnly = true
	case api.KindConfidential:
	default:
		return web.Reply{}, oauth.RefuseArg(oauth.AdminRefused, "The kind of a client is public, confidential or bearer-only")
	}
	made, err := a.Service.AddClient(ctx, a.Caller(ctx), r.PathValue("realm"), c)
	if err != nil {
		return web.Reply{}, err
	}
	return created(madeClient(made), nil)
}

func (a *API) newSecret(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := bare(r); err != nil {
		return web.Reply{}, err
	}
	made, err := a.Service.NewClientSecret(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("client"))
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: madeClient(made)}, nil
}

func (a *API) setClientEnabled(enabled bool) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Reply, error) {
		if err := bare(r); err != nil {
			return web.Reply{}, err
		}
		return done(a.Service.SetClientEnabled(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("client"), enabled))
	}
}

func madeClient(m admin.MadeClient) api.ClientSecret {
	return api.ClientSecret{Client: client(&m.Client, m.Realm), Secret: m.Secret}
}

// client leaves the secret out.
func client(c *iam.Client, realm *iam.Realm) api.Client {
	out := api.Client{
		ID: c.ID, ClientID: c.ClientID, Name: c.Name, Kind: api.KindConfidential, Protocol: c.Protocol, Enabled: c.Enabled,
		ConsentRequired: c.ConsentRequired, StandardFlow: c.StandardFlow, DirectAccessGrants: c.DirectAccessGrants,
		ServiceAccounts: c.ServiceAccounts, FullScopeAllowed: c.FullScopeAllowed, RefreshPolicy: "reusable",
		NotBefore: c.NotBefore, RedirectURIs: c.RedirectURIs, WebOrigins: c.WebOrigins,
		DefaultScopes: c.DefaultScopes, OptionalScopes: c.OptionalScopes, Attributes: c.Attributes,
	}
	switch {
	case c.Public:
		out.Kind = api.KindPublic
	case c.BearerOnly:
		out.Kind = api.KindBearerOnly
	}
	if c.Rotates(realm) {
		out.RefreshPolicy = "rotating"
	}
	return out
}
