package vmsapi

import (
	"context"
	"strconv"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// list answers GET /v1/vms with the caller's VideoManagers: a bare array,
// since the API's clients take nothing else.
func (a *API) list(ctx context.Context, _ *web.Request, caller vms.Caller) (web.Reply, error) {
	l, err := a.List(ctx, caller)
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: l.JSON}, nil
}

// one answers GET /v1/vms/{id}. Whether a VideoManager exists that is not the
// caller's is nobody's business, so both are refused alike.
func (a *API) one(ctx context.Context, r *web.Request, caller vms.Caller) (web.Reply, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return web.Reply{}, oauth.RefuseArg(oauth.BadRequest, "The id of a VideoManager is a whole number").Because(err)
	}
	l, err := a.List(ctx, caller)
	if err != nil {
		return web.Reply{}, err
	}
	m, ok := l.Find(id)
	if !ok {
		return web.Reply{}, oauth.RefuseArg(oauth.NoSuchVideoManager, strconv.FormatInt(id, 10)).WithHint(covers(l))
	}
	return web.Reply{Body: api.VideoManager{ID: m.ID, Name: m.Name, UUID: m.UUID, Configuration: m.Configuration}}, nil
}

// maxNamed bounds the ids a hint names.
const maxNamed = 10

// covers says which VideoManagers the token does open.
func covers(l *vms.List) string {
	if len(l.VideoManagers) == 0 {
		return "Ask an operator to make the user a member of a VideoManager; it is a member of none."
	}
	text := "Use one of the VideoManagers that this token covers: "
	for i, m := range l.VideoManagers {
		switch {
		case i == maxNamed:
			return text + ", … (GET /v1/vms lists all)."
		case i > 0:
			text += ", "
		}
		text += strconv.FormatInt(m.ID, 10)
	}
	return text + "."
}
