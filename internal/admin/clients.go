package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// ConfigStore changes realms and clients, each method one fact with its event
// that moves the configuration version. iam.ErrStale: prev is not what is
// stored; iam.ErrConflict: a name is taken.
type ConfigStore interface {
	// AddRealm writes a whole realm or nothing.
	AddRealm(ctx context.Context, r iam.RealmImport, m []vms.Membership, ev *iam.Event) error
	ReplaceRealm(ctx context.Context, prev, next iam.Realm, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
	AddClient(ctx context.Context, c iam.Client, ev *iam.Event) error
	// AddServiceClient is AddClient with the client's service account.
	AddServiceClient(ctx context.Context, c iam.Client, account iam.User, ev *iam.Event) error
	ReplaceClient(ctx context.Context, prev, next iam.Client, rev []iam.Revocation, ev *iam.Event) ([]iam.Revocation, error)
}

// ClientList answers the realm's clients by clientId: those that contain
// search, from the first one after the given clientId, at most limit.
func (s *Service) ClientList(realm, search, after string, limit int) ([]*iam.Client, *iam.Realm, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, nil, err
	}
	var out []*iam.Client
	for _, id := range slices.Sorted(maps.Keys(cfg.Clients)) {
		if id > after && strings.Contains(strings.ToLower(id), strings.ToLower(search)) && len(out) < limit {
			out = append(out, cfg.Clients[id])
		}
	}
	return out, &cfg.Realm, nil
}

// ClientOf answers one client and its realm.
func (s *Service) ClientOf(realm, clientID string) (*iam.Client, *iam.Realm, error) {
	cfg, c, err := s.client(realm, clientID)
	if err != nil {
		return nil, nil, err
	}
	return c, &cfg.Realm, nil
}

func (s *Service) client(realm, clientID string) (*iam.RealmConfig, *iam.Client, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, nil, err
	}
	c, err := clientIn(cfg, clientID)
	return cfg, c, err
}

// clientIn finds a client by its clientId, else by its id.
func clientIn(cfg *iam.RealmConfig, clientID string) (*iam.Client, error) {
	if c := cfg.Clients[clientID]; c != nil {
		return c, nil
	}
	if c, ok := cfg.ClientByID(clientID); ok {
		return c, nil
	}
	if err := cfg.NoClient(); err != nil {
		return nil, err
	}
	e := unknown("client", clientID, cfg.Realm.Name)
	if best := nearestName(clientID, slices.Collect(maps.Keys(cfg.Clients))); best != "" {
		e = e.WithHint("Did you mean " + best + "?")
	}
	return nil, e
}

// MadeClient is a client with the secret made for it, "" where it has none.
type MadeClient struct {
	Client iam.Client
	Realm  *iam.Realm
	Secret string
}

// AddClient makes a client of what an operator may say about one: the name, the
// kind, what it may do and its URIs. It gets the realm's scopes.
func (s *Service) AddClient(ctx context.Context, caller Caller, realm string, in iam.Client) (MadeClient, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return MadeClient{}, err
	}
	if err := checkClient(&in); err != nil {
		return MadeClient{}, err
	}
	c := in
	c.ID, c.RealmID, c.Protocol, c.FullScopeAllowed = s.NewID(), cfg.Realm.ID, "openid-connect", true
	c.DefaultScopes, c.OptionalScopes = cfg.Realm.DefaultScopes, cfg.Realm.OptionalScopes
	if isConfidential(&c) && reusableByKind(cfg) {
		c.RevokeRefreshToken = new(bool)
	}
	made := MadeClient{Realm: &cfg.Realm}
	if isConfidential(&c) {
		made.Secret = s.newSecret(&c)
	}
	made.Client = c
	ev := s.clientEvent(caller, &c, adminCreate, "clients/"+c.ID)
	if err := s.writeClient(ctx, &c, ev); err != nil {
		return MadeClient{}, answer(err, "The client "+quote(c.ClientID)+" or its service account exists in realm "+realm)
	}
	s.reload(ctx)
	return made, nil
}

func (s *Service) writeClient(ctx context.Context, c *iam.Client, ev *iam.Event) error {
	if !c.ServiceAccounts {
		return s.Config.AddClient(ctx, *c, ev)
	}
	return s.Config.AddServiceClient(ctx, *c, iam.User{
		ID: s.NewID(), RealmID: c.RealmID, Username: "service-account-" + strings.ToLower(c.ClientID), Enabled: true,
		CreatedAt: s.Now().UnixMilli(), ServiceAccountOf: c.ClientID,
	}, ev)
}

func isConfidential(c *iam.Client) bool { return !c.Public && !c.BearerOnly }

// reusableByKind says whether the realm goes by Usher's own rule, by which
// public clients rotate their refresh tokens and confidential ones do not. A
// realm that came with a rule of its own keeps to it; ours are told by their
// anonymous client, the exception that Builtin makes.
func reusableByKind(cfg *iam.RealmConfig) bool {
	c := cfg.Clients[iam.AnonymousClient]
	return cfg.Realm.RevokeRefreshToken && c != nil && c.RevokeRefreshToken != nil && !*c.RevokeRefreshToken
}

// newSecret seals a new secret into the client and returns it.
func (s *Service) newSecret(c *iam.Client) string {
	plain := secret.String(32)
	c.SealedSecret = s.Importer.Sealer.Seal([]byte(plain), c.RealmID, c.ID, PurposeClientSecret)
	return plain
}

// NewClientSecret gives a confidential client another secret. The old one is
// refused from now on; tokens stay good.
func (s *Service) NewClientSecret(ctx context.Context, caller Caller, realm, clientID string) (MadeClient, error) {
	cfg, c, err := s.client(realm, clientID)
	if err != nil {
		return MadeClient{}, err
	}
	if !isConfidential(c) {
		return MadeClient{}, refused("The client " + quote(clientID) + " is not confidential: it has no secret")
	}
	next := *c
	made := MadeClient{Realm: &cfg.Realm, Secret: s.newSecret(&next)}
	made.Client = next
	ev := s.clientEvent(caller, c, adminAction, "clients/"+c.ID+"/client-secret")
	return made, s.replaceClient(ctx, c, &next, nil, ev)
}

// SetClientEnabled enables or disables a client; of a disabled one every token
// is refused at once.
func (s *Service) SetClientEnabled(ctx context.Context, caller Caller, realm, clientID string, enabled bool) (Done, error) {
	cfg, c, err := s.client(realm, clientID)
	if err != nil || c.Enabled == enabled {
		return Done{}, err
	}
	next := *c
	next.Enabled = enabled
	var rev []iam.Revocation
	if !enabled {
		rev = s.refuseClient(cfg, c, s.Now().Unix()+1)
	}
	ev := s.clientEvent(caller, c, adminUpdate, "clients/"+c.ID)
	ev.Details["enabled"] = truth(enabled)
	return Done{Changed: true}, s.replaceClient(ctx, c, &next, rev, ev)
}

// refuseClient refuses the client's access tokens issued before a moment (Unix s).
func (s *Service) refuseClient(cfg *iam.RealmConfig, c *iam.Client, before int64) []iam.Revocation {
	return []iam.Revocation{{
		RealmID: cfg.Realm.ID, Kind: iam.RevokeClient, ID: c.ID, IssuedBefore: before,
		Until: max(s.Now().UnixMilli(), before*1000) + iam.AccessLife(&cfg.Realm, c),
	}}
}

func (s *Service) replaceClient(ctx context.Context, prev, next *iam.Client, rev []iam.Revocation, ev *iam.Event) error {
	entries, err := s.Config.ReplaceClient(ctx, *prev, *next, rev, ev)
	if err != nil {
		return answer(err, "The client "+quote(next.ClientID)+" exists")
	}
	s.Node.Apply(entries...)
	s.reload(ctx)
	s.settle(ctx, entries)
	return nil
}

func (s *Service) clientEvent(caller Caller, c *iam.Client, kind, path string) *iam.Event {
	ev := s.event(caller, c.RealmID, kind, "CLIENT", path)
	ev.ClientID = c.ClientID
	return ev
}

// checkClient judges a new client.
func checkClient(c *iam.Client) error {
	switch {
	case c.ClientID == "" || len(c.ClientID) > maxName:
		return refused("A client needs a clientId of at most 255 bytes")
	case hasControl(c.ClientID) || hasControl(c.Name) || strings.TrimSpace(c.ClientID) != c.ClientID:
		return refused("Names must not hold control characters, nor begin or end with a blank")
	case len(c.Name) > maxName:
		return refused("A name has at most 255 bytes")
	case c.ServiceAccounts && !isConfidential(c):
		return refused("Only a confidential client can have a service account")
	case c.BearerOnly && (c.StandardFlow || c.DirectAccessGrants || len(c.RedirectURIs) > 0):
		return refused("A bearer-only client asks for no tokens: it has no flows and no redirect URIs")
	case c.StandardFlow && len(c.RedirectURIs) == 0:
		return refused("The standard flow needs a redirect URI")
	}
	for _, u := range c.RedirectURIs {
		if text := redirectFault(u); text != "" {
			return refused("The redirect URI " + quote(u) + " " + text)
		}
	}
	for _, o := range c.WebOrigins {
		if text := originFault(o); text != "" {
			return refused("The web origin " + quote(o) + " " + text)
		}
	}
	return nil
}
