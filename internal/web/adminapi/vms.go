package adminapi

import (
	"context"
	"strconv"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func (a *API) videoManagers(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r)
	if err != nil {
		return web.Reply{}, err
	}
	after, err := number(q.Values, "after", 0)
	if err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.VideoManagerList(ctx, r.PathValue("realm"), after, q.limit+1)
	return reply(page(list, q.limit, videoManager,
		func(m *vms.Counted) string { return strconv.FormatInt(m.VideoManager.ID, 10) }), err)
}

func videoManager(m *vms.Counted) api.ManagedVideoManager {
	v := m.VideoManager
	return api.ManagedVideoManager{
		VideoManager: api.VideoManager{ID: v.ID, Name: v.Name, UUID: v.UUID, Configuration: v.Configuration},
		Members:      m.Members,
	}
}

func (a *API) addVideoManager(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.NewVideoManager
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	m, err := a.Service.AddVideoManager(ctx, a.Caller(ctx), r.PathValue("realm"),
		vms.VideoManager{ID: in.ID, Name: in.Name, UUID: in.UUID, Configuration: in.Configuration}, in.Members)
	return created(videoManager(&m), err)
}

// managerID reads the id in the path.
func managerID(r *web.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, bad("The id of a VideoManager is a number, not %s", shown(r.PathValue("id")))
	}
	return id, nil
}

func (a *API) members(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r)
	if err != nil {
		return web.Reply{}, err
	}
	id, err := managerID(r)
	if err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.MemberList(ctx, r.PathValue("realm"), id, q.after, q.limit+1)
	return reply(page(list, q.limit,
		func(m *iam.Member) api.Member { return api.Member{ID: m.UserID, Username: m.Username} },
		func(m *iam.Member) string { return m.UserID }), err)
}

func (a *API) changeMembers(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.ChangeMembers
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	id, err := managerID(r)
	if err != nil {
		return web.Reply{}, err
	}
	c, err := a.Service.ChangeMembers(ctx, a.Caller(ctx), r.PathValue("realm"), id, in.Add, in.Remove)
	return reply(api.MembersChanged{Added: c.Added, Removed: c.Removed, Members: c.Members}, err)
}
