package app

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
	"github.com/seed-a6a28e10/usher/internal/web"
	"github.com/seed-a6a28e10/usher/internal/web/oidc"
	"github.com/seed-a6a28e10/usher/internal/web/vmsapi"
)

// face is what the public listener shows, made for the realm whose tokens the
// API takes.
type face struct {
	realm   string
	handler http.Handler
}

// mount makes the handlers of both listeners.
func (a *App) mount() {
	a.face.Store(a.newFace())
	a.Public = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.face.Load().handler.ServeHTTP(w, r) })
	a.Management = a.managementMux()
}

// follow makes the face anew where its realm does not exist and another does by
// now: a server may start empty and be given one of another name.
func (a *App) follow() {
	if f := a.face.Load(); f != nil && f.realm != a.mainRealm() {
		if _, ok := a.snapshot.Realm(f.realm); !ok {
			a.face.Store(a.newFace())
		}
	}
}

// mainRealm is platform, or where there is none, not even one that cannot be
// read, the first by name.
func (a *App) mainRealm() string {
	realms := a.snapshot.Config().Realms
	if _, ok := realms[defaultRealm]; !ok && len(realms) > 0 && a.snapshot.NoRealm() == nil {
		return slices.Sorted(maps.Keys(realms))[0]
	}
	return defaultRealm
}

func (a *App) newFace() *face {
	realm := a.mainRealm()
	kit := &web.Kit{
		Log: a.log, Now: a.clock.Now, NewID: secret.NewID, Trusted: a.cfg.TrustedProxies,
		Realm: realm, ErrorDocs: a.public + web.ErrorDocsPath, Observe: a.observe,
		AddressTag: a.addressTag(), Trace: a.traceRequest(),
	}
	return &face{realm, kit.Wrap(a.publicMux(kit, realm))}
}

// publicMux mounts the faces the public listener has.
func (a *App) publicMux(kit *web.Kit, realm string) *http.ServeMux {
	mux := http.NewServeMux()
	server := oidc.New(oidc.Config{
		Kit: kit, Realm: a.snapshot.Realm, NoRealm: a.snapshot.NoRealm, Grants: a.grants, VideoManagers: legacyList{a.members},
		Now: a.clock.Now, APIBase: a.public + "/v1/", APIRealm: realm,
		Issuers: func() []string { return a.issuers(realm) },
	})
	a.probes.Mount(kit, mux)
	if !a.cfg.NoLogin {
		server.MountLogin(mux)
	}
	if !a.cfg.NoAPI {
		server.MountAPI(mux)
		vmsapi.New(vmsapi.Config{
			Kit: kit, Verify: a.verifier.Verify, List: a.members.Of, Admit: a.admit, Limit: a.cfg.APIRateLimit,
			Now: a.clock.Now, Limited: a.metrics.RateLimited,
			Issuer: a.issuer(realm), API: a.public, Version: a.opt.Build.Version,
		}).Mount(mux)
	}
	return mux
}

// issuers lists the issuers whose tokens the API takes: those of the enabled
// realms, its own realm's first.
func (a *App) issuers(own string) []string {
	realms := a.snapshot.Config().Realms
	var all []string
	for _, name := range slices.Sorted(maps.Keys(realms)) {
		switch r := realms[name]; {
		case !r.Realm.Enabled:
		case name == own:
			all = slices.Insert(all, 0, r.Issuer)
		default:
			all = append(all, r.Issuer)
		}
	}
	return all
}

// admit holds the API's calls to what their token's realm asks of connections;
// that the realm is enabled the verifier has judged.
func (a *App) admit(r *web.Request, caller vms.Caller) error {
	if r.Secure {
		return nil
	}
	if realm, ok := a.snapshot.RealmByID(caller.RealmID); !ok || realm.Realm.NeedsTLS(r.Address) {
		return oauth.Refuse(oauth.HTTPSRequired)
	}
	return nil
}

// Realm is the realm whose tokens the API takes, and its issuer; known from
// Start on.
func (a *App) Realm() (name, issuer string) {
	f := a.face.Load()
	if f == nil {
		return "", ""
	}
	return f.realm, a.issuer(f.realm)
}

// PasswordClient is the clientId of a public client of that realm that may use
// the password grant, anonymous where it is one; "" when there is none.
func (a *App) PasswordClient() string {
	name, _ := a.Realm()
	r, ok := a.snapshot.Realm(name)
	if !ok {
		return ""
	}
	for _, id := range append([]string{iam.AnonymousClient}, slices.Sorted(maps.Keys(r.Clients))...) {
		if c := r.Clients[id]; c != nil && c.Enabled && c.Public && c.DirectAccessGrants && !c.ConsentRequired {
			return id
		}
	}
	return ""
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
