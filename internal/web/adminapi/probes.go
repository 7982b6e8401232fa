package adminapi

import (
	"context"
	"strings"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// announce makes a probe that the public listener will recognise.
func (a *API) announce(_ context.Context, r *web.Request) (web.Reply, error) {
	if err := nothing(r); err != nil {
		return web.Reply{}, err
	}
	id := a.Probes.Announce()
	return created(api.Probe{ID: id, Path: strings.Replace(web.ProbePath, "{id}", id, 1)}, nil)
}

// probe says how a probe arrived.
func (a *API) probe(_ context.Context, r *web.Request) (web.Reply, error) {
	if seen, ok := a.Probes.Seen(r.PathValue("id")); ok {
		return reply(api.ProbeSeen{Address: seen.Address, Peer: seen.Peer, Trusted: seen.Trusted, Secure: seen.Secure, ForwardedFor: seen.ForwardedFor}, nil)
	}
	return web.Reply{}, oauth.RefuseArg(oauth.AdminUnknown, "No such probe has arrived")
}
