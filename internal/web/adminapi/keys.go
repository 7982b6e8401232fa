package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// keys is one page: a realm has a handful.
func (a *API) keys(ctx context.Context, r *web.Request) (web.Reply, error) {
	if _, err := paging(r); err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.KeyList(ctx, r.PathValue("realm"))
	return reply(api.Page[api.Key]{Items: keyList(list)}, err)
}

func (a *API) rotateKeys(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.RotateKeys
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.RotateKeys(ctx, a.Caller(ctx), r.PathValue("realm"), in.Algorithm, in.Immediately)
	return reply(api.KeysChanged{Keys: keyList(list)}, err)
}

func (a *API) disableKey(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := bare(r); err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.DisableKey(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("kid"))
	return reply(api.KeysChanged{Keys: keyList(list)}, err)
}

// keyList leaves the keys themselves out.
func keyList(list []admin.KeyView) []api.Key {
	out := make([]api.Key, len(list))
	for i, k := range list {
		out[i] = api.Key{
			KID: k.KID, Algorithm: k.Algorithm, Status: string(k.Status), Priority: k.Priority, Signs: k.Signs,
			CreatedAt: k.CreatedAt, ActivateAt: k.ActivateAt, RetireAt: k.RetireAt, RemoveAt: k.RemoveAt,
		}
	}
	return out
}
