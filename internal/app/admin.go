package app

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/web"
	"github.com/seed-a6a28e10/usher/internal/web/adminapi"
)

// newAdmin makes the service that operators' orders go to.
func (a *App) newAdmin() *admin.Service {
	return &admin.Service{
		Users: a.store, Accounts: a.store, Sessions: a.store, Config: a.store, Members: a.store,
		Signing: a.store, Events: a.store, Record: a.store, Sealed: a.store,
		Node: adminNode{a}, Importer: a.importer, NewID: secret.NewID, Now: a.clock.Now, Sleep: a.clock.Sleep,
	}
}

// AdminHandler answers the administration API (the routes of package api): over
// the socket of a running server, and in the process of a command that opened
// the folder itself, whose user then counts as the caller.
func (a *App) AdminHandler() http.Handler {
	// Its paths hold names of people.
	kit := &web.Kit{Log: a.log, Now: a.clock.Now, NewID: secret.NewID, Realm: defaultRealm, Observe: a.observe, PathsNamePeople: true, AnyPath: true}
	orders := adminapi.New(adminapi.Config{
		Kit: kit, Service: a.admin, Caller: callerOf, Status: a.describe, Probes: a.probes, Issuer: a.adminIssuer,
		RotateMasterKey: a.RotateMasterKey,
		Verify:          a.verifyEvents, Checkpoint: a.checkpoint, Now: a.clock.Now, Sleep: a.clock.Sleep,
	}).Handler()
	return kit.Wrap(onlyOurs(kit, a.whileSealing(orders)))
}

// peerKey is under what the context of a connection has its peer.
type peerKey struct{}

type peer struct {
	uid int
	err error
}

// callerOf says who gives an order: the peer of the socket, or without one the
// user of this process.
func callerOf(ctx context.Context) admin.Caller {
	if p, ok := ctx.Value(peerKey{}).(peer); ok {
		return admin.Caller{UID: p.uid}
	}
	return admin.Caller{UID: os.Getuid()}
}

// onlyOurs refuses everybody but root and the user of this process. The mode of
// the socket does so too; this holds when somebody changed that.
func onlyOurs(kit *web.Kit, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := r.Context().Value(peerKey{}).(peer)
		if !ok || p.err == nil && (p.uid == 0 || p.uid == os.Getuid()) {
			next.ServeHTTP(w, r)
			return
		}
		cause := p.err
		if cause == nil {
			cause = fmt.Errorf("uid %d", p.uid)
		}
		web.Admin(kit, func(context.Context, *web.Request) (web.Reply, error) {
			return web.Reply{}, oauth.Refuse(oauth.AdminNotYours).Because(cause)
		}).ServeHTTP(w, r)
	})
}

// serveAdmin opens the socket and answers on it.
func (a *App) serveAdmin() error {
	folders := a.opt.RuntimeFolders
	if folders == nil {
		folders = runtimeFolders()
	}
	l, err := listenSocket(a.cfg.Data, folders)
	if err != nil {
		return fmt.Errorf("admin socket: %w", err)
	}
	s := a.server(a.AdminHandler(), nil)
	s.ReadTimeout, s.WriteTimeout = 0, 0 // imports and the reading of all events take their time
	ask := a.opt.PeerUID
	if ask == nil {
		ask = peerUID
	}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		p := peer{uid: -1, err: fmt.Errorf("a connection of kind %T", c)}
		if conn, ok := c.(*net.UnixConn); ok {
			p.uid, p.err = ask(conn)
		}
		return context.WithValue(ctx, peerKey{}, p)
	}
	a.servers = append(a.servers, s)
	go a.listen(s, l, false)
	return nil
}

// describe is the status of this process.
func (a *App) describe() api.Status {
	cfg := a.snapshot.Config()
	s := api.Status{
		Version: a.opt.Build.Version, Revision: a.opt.Build.Commit, PID: os.Getpid(), Data: a.cfg.Data, Online: !a.startedAt.IsZero(),
		PublicURL: a.public, ConfigVersion: cfg.Version, Realms: len(cfg.Realms),
	}
	if s.Online {
		s.StartedAt = a.startedAt.UnixMilli()
	}
	return s
}

// adminIssuer is "" where the public URL is not known.
func (a *App) adminIssuer(realm string) string {
	if a.public == "" {
		return ""
	}
	return a.issuer(realm)
}

// adminNode implements admin.Node.
type adminNode struct{ *App }

func (n adminNode) Realm(name string) (*iam.RealmConfig, error) {
	r, ok := n.snapshot.Realm(name)
	if err := n.snapshot.NoRealm(); !ok && err != nil {
		return nil, err
	}
	if !ok {
		return nil, iam.ErrNotFound
	}
	return r.RealmConfig, nil
}

func (n adminNode) Realms() []*iam.RealmConfig {
	realms := n.snapshot.Config().Realms
	out := make([]*iam.RealmConfig, 0, len(realms))
	for _, name := range slices.Sorted(maps.Keys(realms)) {
		out = append(out, realms[name].RealmConfig)
	}
	return out
}

func (n adminNode) Apply(entries ...iam.Revocation) { n.feed.Apply(entries...) }

func (n adminNode) Reload(ctx context.Context) error {
	err := n.snapshot.Reload(ctx)
	if err != nil {
		n.log.Warn("the changed configuration is not in force yet", "error", err)
		return err
	}
	n.follow()
	return nil
}

// Imported has the kinds of hashes that came measured, in its time.
func (n adminNode) Imported(realmIDs ...string) {
	for _, id := range realmIDs {
		select {
		case n.imported <- id:
		default: // many at once: what live traffic takes will tell
		}
	}
}

func (n adminNode) FailureKeys(realmID string, u *iam.User) []string {
	return n.login.FailureKeys(realmID, u)
}
