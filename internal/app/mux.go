package app

import (
	"context"
	"net/http"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web/oidc"
	"github.com/seed-a6a28e10/usher/internal/web/vmsapi"
)

// publicMux mounts the faces the public listener has.
func (a *App) publicMux() *http.ServeMux {
	mux := http.NewServeMux()
	server := oidc.New(oidc.Config{
		Kit: a.kit, Realm: a.snapshot.Realm, Grants: a.grants, VideoManagers: legacyList{a.members},
		Now: a.clock.Now, APIBase: a.public + "/v1/", APIRealm: defaultRealm,
	})
	if !a.cfg.NoLogin {
		server.MountLogin(mux)
	}
	if !a.cfg.NoAPI {
		server.MountAPI(mux)
		vmsapi.New(vmsapi.Config{
			Kit: a.kit, Verify: a.verifier.Verify, List: a.members.Of, Limit: a.cfg.APIRateLimit,
			Now: a.clock.Now, Limited: a.metrics.RateLimited,
			Issuer: a.issuer(defaultRealm), API: a.public, Version: a.opt.Build.Version,
		}).Mount(mux)
	}
	return mux
}

func (a *App) managementMux() *http.ServeMux {
	mux := http.NewServeMux()
	a.health.Mount(mux)
	return mux
}

// legacyList gives the JSON login the cached lists of the API.
type legacyList struct {
	members interface {
		Of(ctx context.Context, caller vms.Caller) (*vms.List, error)
	}
}

// VideoManagersOf implements oidc.VideoManagers.
func (l legacyList) VideoManagersOf(ctx context.Context, realmID, userID string) ([]api.VideoManager, error) {
	list, err := l.members.Of(ctx, vms.Caller{RealmID: realmID, UserID: userID})
	if err != nil {
		return nil, err
	}
	out := make([]api.VideoManager, len(list.VideoManagers))
	for i, m := range list.VideoManagers {
		out[i] = api.VideoManager{ID: m.ID, Name: m.Name, UUID: m.UUID, Configuration: m.Configuration}
	}
	return out, nil
}
