package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-a6a28e10/usher/internal/admin"
	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/live"
	"github.com/seed-a6a28e10/usher/internal/login"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/telemetry"
	"github.com/seed-a6a28e10/usher/internal/web"
	"github.com/seed-a6a28e10/usher/internal/web/manage"
)

// App is one Usher, open but not yet answering until Start.
type App struct {
	// Public and Management are the handlers of the two listeners, set by Start.
	Public, Management http.Handler

	cfg    Config
	opt    Options
	clock  Clock
	log    *slog.Logger
	public string // origin
	face   atomic.Pointer[face]

	store    *sqlite.DB
	sealer   *sealer
	importer *admin.Importer
	admin    *admin.Service
	events   *audit.Sealer
	keys     *keyMaker
	// sealing is held while the master key changes, and for reading by orders
	// that seal something. masterKey is the key in force.
	sealing   sync.RWMutex
	masterKey []byte

	metrics  *telemetry.Metrics
	registry *prometheus.Registry
	snapshot *live.Snapshot
	feed     *live.Feed
	members  *live.Members
	verifier *live.Verifier
	confirm  *grant.Confirmer
	login    *login.Service
	grants   *grant.Service
	health   *manage.Manage
	probes   *web.Probes

	// publicListeners is one, or two for "localhost": one for each loopback.
	publicListeners    []net.Listener
	managementListener net.Listener
	tls                *certificate // of the public listener; nil: plain http
	reloader           *reloader
	openSessions       atomic.Int64
	damage             *damage
	servers            []*http.Server

	started   bool
	imported  chan string // ids of realms whose password hashes are to be measured
	startedAt time.Time   // set by Start before anything answers
	stopJobs  context.CancelFunc
	jobs      sync.WaitGroup
	failed    chan error // what ends the process: a listener or the store
	closing   sync.Once
	closeErr  error
}

// New binds the listeners, opens the store and builds everything. Nothing
// answers before Start. The caller ends with Close.
func New(ctx context.Context, cfg Config, opt Options) (*App, error) {
	a, err := prepare(cfg, opt)
	if err != nil {
		return nil, err
	}
	if a.tls, err = loadTLS(cfg, a.clock.Now); err != nil {
		return nil, err
	}
	if err := a.bind(ctx); err != nil {
		return nil, err
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.unbind())
	}
	return a, nil
}

// prepare makes what needs neither the folder nor a port.
func prepare(cfg Config, opt Options) (*App, error) {
	a := &App{cfg: cfg, opt: opt, clock: opt.Clock, log: opt.Log, failed: make(chan error, 4), damage: newDamage(), imported: make(chan string, 16)}
	if a.clock == nil {
		a.clock = wallClock{}
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	under, err := secret.NewSealer(cfg.MasterKey)
	if err != nil {
		return nil, err
	}
	a.sealer, a.masterKey = newSealer(under), cfg.MasterKey
	a.keys = newKeyMaker(a.sealer, cfg.Data, a.opt.NewRSA)
	return a, nil
}

// open opens the store and builds everything over it.
func (a *App) open(ctx context.Context) (err error) {
	a.store, err = sqlite.Open(ctx, sqlite.Options{Dir: a.cfg.Data, Now: a.clock.Now, Log: a.log, Committed: a.committed, Unlock: a.unlock, Damaged: a.damaged})
	if err == nil {
		a.build()
	}
	return err
}

// build makes the services of literals; it does no I/O.
func (a *App) build() {
	a.registry = prometheus.NewRegistry()
	a.metrics = telemetry.NewMetrics(a.registry, a.opt.Build)
	if a.cfg.KeycloakMetrics {
		a.metrics.EnableKeycloak()
	}
	a.importer = &admin.Importer{
		Store: a.store, Merge: a.store, Sealer: a.sealer, Keys: a.keys, Scopes: builtinScopes(),
		NewID: secret.NewID, Now: a.clock.Now, Hashers: runtime.GOMAXPROCS(0),
	}
	a.members = live.NewMembers(live.MembersOptions{Read: a.store.VideoManagersOf})
	a.snapshot = live.NewSnapshot(live.SnapshotOptions{
		Load: a.loadConfig, Version: a.store.ConfigVersion, Clock: a.clock, Log: a.log,
	})
	a.feed = live.NewFeed(live.FeedOptions{
		Read: a.store.Revocations, Clock: a.clock, Grace: a.cfg.RevocationGrace,
		ForgetMembers: a.members.Forget, Log: a.log,
	})
	a.verifier = live.NewVerifier(live.VerifierOptions{
		Snapshot: a.snapshot, Feed: a.feed, Clock: a.clock, Audience: audience,
		Confirm: a.store.ConfirmFamily, Checked: a.metrics.TokenChecked, Log: a.log,
	})
	services := a.services()
	a.confirm = grant.NewConfirmer(a.store, a.log)
	a.login = login.New(login.Config{
		Store: services, Clock: a.clock, Slots: a.hashSlots(), Step: a.step(),
		NameKey: secret.Tag(a.store.RootKey(), "failure rows and tags of wrong passwords"),
		Log:     a.log,
		Metrics: login.Metrics{Login: a.metrics.Login, Hash: a.hashed, Wait: a.metrics.HashWait, Verified: a.verified},
	})
	a.grants = grant.New(grant.Config{
		Store: services, Authenticator: a.login, Step: a.step(), Feed: a.feed, Now: a.clock.Now, Confirm: a.confirm.Seen, Log: a.log,
		Metrics: grant.Metrics{Grant: a.metrics.Grant, Refresh: a.refreshed, Session: a.metrics.Session, Password: a.metrics.PasswordGrant, Refreshed: a.refreshGranted},
	})
	a.health = manage.New(manage.Config{
		Ready: []manage.Check{
			{Name: "Storage", Do: a.store.Probe},
			{Name: "Realms", Do: a.hasRealm},
			{Name: "Revocation feed", Do: a.feed.Ready},
		},
		Metrics: a.registry, Log: a.log,
	})
	a.probes = web.NewProbes(secret.NewID)
	a.admin = a.newAdmin()
	a.events = a.newEvents()
	a.watch()
	a.reloader = a.newReloader()
}

// hashSlots leaves a core for everything that is not a password.
func (a *App) hashSlots() int {
	if a.opt.HashSlots > 0 {
		return a.opt.HashSlots
	}
	return max(1, runtime.GOMAXPROCS(0)-1)
}

// noRealm is why a server without a realm is not ready.
const noRealm = "no realm: bring one with `usher admin import FILE --data DIR`"

func (a *App) hasRealm(context.Context) error {
	if len(a.snapshot.Config().Realms) == 0 {
		return errors.New(noRealm)
	}
	return nil
}

// PublicURL is the origin every issuer begins with.
func (a *App) PublicURL() string { return a.public }

// observe and hashed hand measurements to the metrics.
func (a *App) observe(route, method string, status int, elapsed time.Duration) {
	a.metrics.Request(route, method, status, elapsed)
}

func (a *App) hashed(kind string, d time.Duration) {
	algorithm, _, _ := strings.Cut(kind, " ") // without its cost
	a.metrics.Hash(algorithm, d)
}
