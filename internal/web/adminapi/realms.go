package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func (a *API) status(_ context.Context, r *web.Request) (web.Reply, error) {
	if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: a.Status()}, nil
}

func (a *API) realms(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r)
	if err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.RealmList(ctx, q.after, q.limit+1)
	return reply(page(list, q.limit, a.realmView, func(v *admin.RealmView) string { return v.Config.Realm.Name }), err)
}

func (a *API) realm(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	v, err := a.Service.RealmOf(ctx, r.PathValue("realm"))
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: a.realmView(&v)}, nil
}

func (a *API) addRealm(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.NewRealm
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	v, err := a.Service.AddRealm(ctx, a.Caller(ctx), in.Name)
	if err != nil {
		return web.Reply{}, err
	}
	return created(a.realmView(&v), nil)
}

func (a *API) realmView(v *admin.RealmView) api.Realm {
	r := &v.Config.Realm
	return api.Realm{
		ID: r.ID, Name: r.Name, DisplayName: r.DisplayName, Enabled: r.Enabled, Issuer: a.Issuer(r.Name), NotBefore: r.NotBefore,
		Users: v.Users, Clients: len(v.Config.Clients), Sessions: v.Sessions,
	}
}
