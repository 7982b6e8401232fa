package adminapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/web"
)

// Config are the API's dependencies; all are required.
type Config struct {
	Kit     *web.Kit
	Service *admin.Service
	// Caller says who sent a request, from what its connection proved.
	Caller func(ctx context.Context) admin.Caller
	// Status describes the process that answers.
	Status func() api.Status
	// Probes is the memory of probes.
	Probes *web.Probes
	// Issuer is the issuer of a realm.
	Issuer func(realm string) string
	// Verify reads the whole record of events; outside is a checkpoint that was
	// kept elsewhere, or nil. Checkpoint is the newest one, iam.ErrNotFound when
	// there is none yet.
	Verify     func(ctx context.Context, outside []byte) (api.EventsVerified, error)
	Checkpoint func(ctx context.Context) ([]byte, error)
	// RotateMasterKey seals everything under a given master key, or under one it
	// makes and puts into the file it answers.
	RotateMasterKey func(ctx context.Context, by admin.Caller, given []byte) (api.MasterKeyRotated, error)
	Now             func() time.Time
	// Sleep returns ctx.Err() when ctx ends first.
	Sleep func(ctx context.Context, d time.Duration) error
}

// API is the administration API.
type API struct{ Config }

// New makes the API.
func New(c Config) *API { return &API{c} }

// route is what one path answers, by method.
type route map[string]web.Handler

// routes is the whole API.
func (a *API) routes() map[string]route {
	return map[string]route{
		api.AdminStatus: {http.MethodGet: a.status},
		api.AdminRealms: {http.MethodGet: a.realms, http.MethodPost: a.addRealm},
		api.AdminRealm:  {http.MethodGet: a.realm},

		api.AdminProbes: {http.MethodPost: a.announce},
		api.AdminProbe:  {http.MethodGet: a.probe},

		api.AdminUsers:        {http.MethodGet: a.users, http.MethodPost: a.addUser},
		api.AdminUser:         {http.MethodGet: a.user, http.MethodDelete: a.deleteUser},
		api.AdminUserPassword: {http.MethodPost: a.setPassword},
		api.AdminUserEnable:   {http.MethodPost: a.setUserEnabled(true)},
		api.AdminUserDisable:  {http.MethodPost: a.setUserEnabled(false)},
		api.AdminUserUnlock:   {http.MethodPost: a.unlock},

		api.AdminClients:       {http.MethodGet: a.clients, http.MethodPost: a.addClient},
		api.AdminClient:        {http.MethodGet: a.client},
		api.AdminClientSecret:  {http.MethodPost: a.newSecret},
		api.AdminClientEnable:  {http.MethodPost: a.setClientEnabled(true)},
		api.AdminClientDisable: {http.MethodPost: a.setClientEnabled(false)},

		api.AdminSessions:  {http.MethodGet: a.sessions, http.MethodDelete: a.endSessions},
		api.AdminSession:   {http.MethodDelete: a.endSession},
		api.AdminNotBefore: {http.MethodPost: a.setNotBefore},

		api.AdminVideoManagers: {http.MethodGet: a.videoManagers, http.MethodPost: a.addVideoManager},
		api.AdminMembers:       {http.MethodGet: a.members, http.MethodPost: a.changeMembers},

		api.AdminKeys:       {http.MethodGet: a.keys},
		api.AdminKeysRotate: {http.MethodPost: a.rotateKeys},
		api.AdminKeyDisable: {http.MethodPost: a.disableKey},

		api.AdminEvents:           {http.MethodGet: a.events},
		api.AdminEventsVerify:     {http.MethodGet: a.verify, http.MethodPost: a.verify},
		api.AdminEventsCheckpoint: {http.MethodGet: a.checkpoint},

		api.AdminImport: {http.MethodPost: a.importFiles},
		api.AdminExport: {http.MethodGet: a.export},

		api.AdminMasterKeyRotate: {http.MethodPost: a.rotateMasterKey},
	}
}

// Handler answers the API, and every other path too.
func (a *API) Handler() http.Handler {
	all := a.routes()
	var m paths
	for _, path := range slices.Sorted(maps.Keys(all)) {
		handlers := make(map[string]http.Handler, len(all[path]))
		for method, h := range all[path] {
			handlers[method] = web.Admin(a.Kit, h)
		}
		m.add(path, web.Methods(a.Kit, web.Admin, handlers))
	}
	m.other = web.Admin(a.Kit, func(context.Context, *web.Request) (web.Reply, error) {
		return web.Reply{}, oauth.RefuseArg(oauth.AdminUnknown, "There is no such path").WithHint("Use an usher of the server's version.")
	})
	return &m
}

// reply is a 200 with a body.
func reply(body any, err error) (web.Reply, error) {
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Body: body}, nil
}

// created is a 201 with a body.
func created(body any, err error) (web.Reply, error) {
	if err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Status: http.StatusCreated, Body: body}, nil
}

// done answers an order.
func done(d admin.Done, err error) (web.Reply, error) {
	return reply(api.Done{Changed: d.Changed, Sessions: d.Sessions}, err)
}
