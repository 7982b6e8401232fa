package adminapi

import (
	"context"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/web"
)

func (a *API) users(ctx context.Context, r *web.Request) (web.Reply, error) {
	q, err := paging(r, "search")
	if err != nil {
		return web.Reply{}, err
	}
	list, err := a.Service.UserList(ctx, r.PathValue("realm"), iam.UserQuery{
		Search: q.Get("search"), After: iam.CanonicalName(q.after), Limit: q.limit + 1,
	})
	return reply(page(list, q.limit, user, func(u *iam.User) string { return u.Username }), err)
}

func (a *API) user(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := plain(r); err != nil {
		return web.Reply{}, err
	}
	v, err := a.Service.UserOf(ctx, r.PathValue("realm"), r.PathValue("user"))
	return reply(userView(v), err)
}

func (a *API) addUser(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.NewUser
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	v, err := a.Service.AddUser(ctx, a.Caller(ctx), r.PathValue("realm"), admin.NewUser{
		User: iam.User{
			Username: in.Username, Email: in.Email, EmailVerified: in.EmailVerified,
			FirstName: in.FirstName, LastName: in.LastName, Enabled: !in.Disabled,
			RealmRoles: in.RealmRoles, ClientRoles: in.ClientRoles, Groups: in.Groups,
		},
		Password: in.Password, Temporary: in.Temporary,
		MemberOf: in.VideoManagers, OfAll: in.AllVideoManagers,
	})
	return created(userView(v), err)
}

func (a *API) deleteUser(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := bare(r); err != nil {
		return web.Reply{}, err
	}
	return done(a.Service.DeleteUser(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("user")))
}

func (a *API) setPassword(ctx context.Context, r *web.Request) (web.Reply, error) {
	var in api.NewPassword
	if err := order(r, &in); err != nil {
		return web.Reply{}, err
	}
	return done(a.Service.SetPassword(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("user"), in.Password, in.Temporary))
}

func (a *API) setUserEnabled(enabled bool) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Reply, error) {
		if err := bare(r); err != nil {
			return web.Reply{}, err
		}
		return done(a.Service.SetUserEnabled(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("user"), enabled))
	}
}

func (a *API) unlock(ctx context.Context, r *web.Request) (web.Reply, error) {
	if err := bare(r); err != nil {
		return web.Reply{}, err
	}
	return done(a.Service.Unlock(ctx, a.Caller(ctx), r.PathValue("realm"), r.PathValue("user")))
}

// user leaves out everything secret, hashes included.
func user(u *iam.User) api.User {
	out := api.User{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		FirstName: u.FirstName, LastName: u.LastName, Enabled: u.Enabled,
		CreatedAt: u.CreatedAt, NotBefore: u.NotBefore, RequiredActions: u.RequiredActions,
		RealmRoles: u.RealmRoles, ClientRoles: u.ClientRoles, Groups: u.Groups, Attributes: u.Attributes,
		ServiceAccountOf: u.ServiceAccountOf, HasPassword: u.Password != nil,
	}
	for _, c := range u.Other {
		out.Credentials = append(out.Credentials, c.Type)
	}
	return out
}

func userView(v admin.UserView) api.User {
	out := user(&v.User)
	for _, m := range v.VideoManagers {
		out.VideoManagers = append(out.VideoManagers, m.ID)
	}
	if f := v.Failures; f.Recorded() {
		out.Lock = &api.UserLock{Failures: f.Count, LastAt: f.LastAt, WaitUntil: f.WaitUntil, Locked: f.Locked}
	}
	return out
}
