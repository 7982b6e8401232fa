package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func (a *API) sessions(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r, "user", "client")
	if err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.SessionList(ctx, r.PathValue("realm"), q.Get("user"), q.Get("client"), q.after, q.limit+1)
	return reply(page(list, q.limit, session, func(s *admin.SessionView) string { return s.Cursor() }), err)
}

func session(s *admin.SessionView) api.Session {
	out := api.Session{
		ID: s.ID, UserID: s.UserID, Username: s.Username, StartedAt: s.StartedAt, LastRefreshAt: s.LastRefresh,
		RememberMe: s.RememberMe, Offline: s.Offline, Address: s.Address, Method: s.Method,
		Clients: make([]api.SessionClient, len(s.Clients)),
	}
	for i, use := range s.Clients {
		out.Clients[i] = api.SessionClient{
			ClientID: s.ClientIDs[i], StartedAt: use.StartedAt, Rotating: use.Rotating, Generation: use.Gen, RevokedAt: use.RevokedAt,
		}
	}
	return out
}

// endSessions ends those of a user, or without one the whole realm's. An empty
// parameter is refused: it may have been meant to name somebody.
func (a *API) endSessions(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := query(r, "user")
	if err != nil {
		return web.Reply{}, err
	}
	if err := nothing(r); err != nil {
		return web.Reply{}, err
	}
	realm, user := r.PathValue("realm"), q.Get("user")
	switch {
	case user != "":
		return done(a.Service.EndUserSessions(ctx, a.Caller(ctx), realm, user))
	case q.Has("user"):
		return web.Reply{}, bad("The parameter user is empty")
	}
	return done(a.Service.EndAllSessions(ctx, a.Caller(ctx), realm))
}

func (a *API) endSession(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := bare(r); err != nil {
		return web.Reply{}, err
	}
	return done(a.Service.EndSession(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("session")))
}

func (a *API) setNotBefore(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.SetNotBefore
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	at, err := a.Service.SetNotBefore(ctx, a.Caller(ctx), r.PathValue("realm"), in.Scope, in.Name, in.At)
	return reply(api.NotBefore{Scope: in.Scope, Name: in.Name, At: at, Changed: true}, err)
}
