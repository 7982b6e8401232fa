package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// rotateMasterKey seals everything under a given key, or without one under a key
// that this process makes. No answer holds a key.
func (a *API) rotateMasterKey(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.RotateMasterKey
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	defer clear(in.New)
	var given []byte
	if len(in.New) > 0 {
		given = append([]byte(nil), in.New...)
	}
	out, err := a.RotateMasterKey(ctx, a.Caller(ctx), given)
	return reply(out, err)
}
