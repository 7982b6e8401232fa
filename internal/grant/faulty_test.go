package grant_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// hookedStore lets a test get between the service and the store.
type hookedStore struct {
	*sqlite.DB
	opened, read int
	openLogin    func(n int) error
	afterFamily  func(n int)
}

func (h *hookedStore) OpenLogin(ctx context.Context, l iam.Login) error {
	h.opened++
	if h.openLogin != nil {
		if err := h.openLogin(h.opened); err != nil {
			return err
		}
	}
	return h.DB.OpenLogin(ctx, l)
}

func (h *hookedStore) Family(ctx context.Context, realmID, id string) (iam.FamilyView, error) {
	h.read++
	v, err := h.DB.Family(ctx, realmID, id)
	if h.afterFamily != nil {
		h.afterFamily(h.read)
	}
	return v, err
}

// faultyStore fails one call, before or after it took effect.
type faultyStore struct {
	*sqlite.DB
	calls  atomic.Int64
	failAt int64
	late   bool // the call takes effect, and nobody is told
}

func (f *faultyStore) call(do func() error) error {
	hit := f.calls.Add(1) == f.failAt
	if hit && !f.late {
		return fmt.Errorf("disk on fire: %w", iam.ErrUnavailable)
	}
	err := do()
	if hit {
		return fmt.Errorf("nobody knows: %w", iam.ErrUnavailable)
	}
	return err
}

func called[T any](f *faultyStore, do func() (T, error)) (result T, err error) {
	var none T
	err = f.call(func() (err error) { result, err = do(); return err })
	if err != nil {
		return none, err
	}
	return result, nil
}

func (f *faultyStore) OpenLogin(ctx context.Context, l iam.Login) error {
	return f.call(func() error { return f.DB.OpenLogin(ctx, l) })
}

func (f *faultyStore) TouchSession(ctx context.Context, sid, fid string, at, dead int64) error {
	return f.call(func() error { return f.DB.TouchSession(ctx, sid, fid, at, dead) })
}

func (f *faultyStore) EndSession(ctx context.Context, realm, sid string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return called(f, func() ([]iam.Revocation, error) { return f.DB.EndSession(ctx, realm, sid, at, until, ev) })
}

func (f *faultyStore) EndClientSession(ctx context.Context, realm, sid, cid string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return called(f, func() ([]iam.Revocation, error) { return f.DB.EndClientSession(ctx, realm, sid, cid, at, until, ev) })
}

func (f *faultyStore) Family(ctx context.Context, realm, id string) (iam.FamilyView, error) {
	return called(f, func() (iam.FamilyView, error) { return f.DB.Family(ctx, realm, id) })
}

func (f *faultyStore) AdvanceFamily(ctx context.Context, prev, next iam.Family, at, dead int64, ev *iam.Event) error {
	return f.call(func() error { return f.DB.AdvanceFamily(ctx, prev, next, at, dead, ev) })
}

func (f *faultyStore) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return called(f, func() ([]iam.Revocation, error) { return f.DB.KillFamily(ctx, prev, reason, at, until, ev) })
}

func (f *faultyStore) RevokeToken(ctx context.Context, realm, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return called(f, func() ([]iam.Revocation, error) { return f.DB.RevokeToken(ctx, realm, jti, until, ev) })
}

func (f *faultyStore) TokenRevoked(ctx context.Context, realm, jti string) (bool, error) {
	return called(f, func() (bool, error) { return f.DB.TokenRevoked(ctx, realm, jti) })
}

func (f *faultyStore) User(ctx context.Context, realm, id string) (iam.User, error) {
	return called(f, func() (iam.User, error) { return f.DB.User(ctx, realm, id) })
}

func (f *faultyStore) UserByName(ctx context.Context, realm, name string) (iam.User, error) {
	return called(f, func() (iam.User, error) { return f.DB.UserByName(ctx, realm, name) })
}

func (f *faultyStore) RecordEvent(ctx context.Context, ev iam.Event) error {
	return f.call(func() error { return f.DB.RecordEvent(ctx, ev) })
}

// RT13 (rotation): whatever storage call of whatever operation fails, before or
// after it took effect, the answer is right or it is 503; it never says no, and
// a retry with what the client has got works.
func TestRT13_StorageFaults(t *testing.T) {
	t.Parallel()
	shared := newRig(t)
	operations := map[string]func(*rig, *grant.Answer) error{
		"login": func(r *rig, _ *grant.Answer) error {
			_, err := r.svc.Token(context.Background(), r.realm, loginForm("rotating", "openid"))
			return err
		},
		"refresh": func(r *rig, a *grant.Answer) error {
			res, err := r.svc.Token(context.Background(), r.realm, refreshForm("rotating", a.RefreshToken))
			if err == nil {
				a.RefreshToken = res.Answer.RefreshToken
			}
			return err
		},
		"recover": func(r *rig, a *grant.Answer) error {
			r.clock.wait(20 * time.Second)
			_, err := r.svc.Token(context.Background(), r.realm, refreshForm("rotating", a.RefreshToken))
			return err
		},
		"client credentials": func(r *rig, _ *grant.Answer) error {
			_, err := r.svc.Token(context.Background(), r.realm, request("grant_type", "client_credentials", "client_id", "backend", "client_secret", "s3cr&t"))
			return err
		},
		"userinfo": func(r *rig, a *grant.Answer) error {
			_, err := r.svc.UserInfo(context.Background(), r.realm, request(), a.AccessToken)
			return err
		},
		"logout": func(r *rig, a *grant.Answer) error {
			_, err := r.svc.Logout(context.Background(), r.realm, request("client_id", "rotating", "refresh_token", a.RefreshToken))
			return err
		},
		"revoke access": func(r *rig, a *grant.Answer) error {
			_, err := r.svc.Revoke(context.Background(), r.realm, request("client_id", "rotating", "token", a.AccessToken))
			return err
		},
	}
	for name, operate := range operations {
		for failAt := int64(1); failAt <= 4; failAt++ {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s call %d late %v", name, failAt, late), func(t *testing.T) {
					r := shared.again(t)
					a := r.login("rotating")
					if name == "recover" {
						r.refresh("rotating", a.RefreshToken)
					}
					r.svc = r.service(&faultyStore{DB: r.db, failAt: failAt, late: late})
					var refused *oauth.Error
					err := operate(r, a)
					if err != nil && (!errors.As(err, &refused) || refused.Fault != oauth.Unavailable || refused.RetryAfter == 0) {
						t.Fatalf("storage trouble became %v", err)
					}
					r.svc = r.service(r.db)
					if err == nil && name != "refresh" {
						return
					}
					if err := operate(r, a); err != nil {
						t.Errorf("the retry: %v", err)
					}
				})
			}
		}
	}
}

// A fault in the middle of revoking leaves the family alive or revoked, never
// answered before it is.
func TestFaultWhileRevoking(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		r := newRig(t)
		a := r.login("strict")
		r.refresh("strict", a.RefreshToken)
		r.clock.wait(time.Minute)
		r.svc = r.service(&faultyStore{DB: r.db, failAt: 2, late: late})
		r.refused(refreshForm("strict", a.RefreshToken), oauth.Unavailable)
		r.svc = r.service(r.db)
		want := oauth.RefreshReused
		if late {
			want = oauth.ClientSessionMissing // it had been revoked
		}
		r.refused(refreshForm("strict", a.RefreshToken), want)
	}
}

// An unknown outcome that turns out well is a success, with our own token and
// without using up the window.
func TestUnknownOutcomeIsSettled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.RotationWindow = 0 }) // no converging to fall back upon
	a := r.login("strict")
	r.svc = r.service(&faultyStore{DB: r.db, failAt: 2, late: true})
	next := r.refresh("strict", a.RefreshToken)
	r.svc = r.service(r.db)
	r.refresh("strict", next.RefreshToken)
}
