package grant

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// Store is what the grants read and write. Every method is one durable fact
// and answers iam.ErrNotFound, iam.ErrStale or iam.ErrUnavailable, wrapped.
type Store interface {
	Sessions
	Families
	Tokens
}

// Sessions opens and ends user sessions and client sessions.
type Sessions interface {
	OpenLogin(ctx context.Context, login iam.Login) error
	TouchSession(ctx context.Context, sessionID, familyID string, at, deadAt int64) error
	EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	EndClientSession(ctx context.Context, realmID, sessionID, clientID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
}

// Families moves token families on. Writes are conditional on prev. A rotation
// moves the session's last refresh too, unless at is 0.
type Families interface {
	Family(ctx context.Context, realmID, familyID string) (iam.FamilyView, error)
	AdvanceFamily(ctx context.Context, prev, next iam.Family, at, sessionDeadAt int64, ev *iam.Event) error
	KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
}

// Tokens is the rest: single tokens, the users of sessionless ones, events.
type Tokens interface {
	RevokeToken(ctx context.Context, realmID, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error)
	TokenRevoked(ctx context.Context, realmID, jti string) (bool, error)
	User(ctx context.Context, realmID, id string) (iam.User, error)
	UserByName(ctx context.Context, realmID, canonical string) (iam.User, error)
	RecordEvent(ctx context.Context, ev iam.Event) error
}

// Authenticator checks a name and a password. It writes the LOGIN_ERROR event
// of a failed attempt itself, under the attempt's EventID.
type Authenticator interface {
	Authenticate(ctx context.Context, cfg *iam.RealmConfig, a iam.Attempt) (iam.Verified, error)
}

// Feed is told of every revocation this node commits, before its answer.
type Feed interface {
	Apply(entries ...iam.Revocation)
}

// Metrics are counters; every member may be nil. Labels come from fixed sets
// and never name a user, a client or a token.
type Metrics struct {
	// Grant counts answers by grant type and outcome: "ok" or the fault.
	Grant func(grant, outcome string)
	// Refresh counts judged refresh tokens by outcome (iam.Outcome) and, for
	// reuse, its reason.
	Refresh func(outcome, reason string)
	// Session counts what happened to user sessions: "opened", "logout",
	// "revoked", or "client_ended" where other clients of it stay.
	Session func(change string)
	// Password counts password grants by the kind of client: "public" or
	// "confidential".
	Password func(client string)
	// Refreshed counts refreshes that were granted, by the realm's name.
	Refreshed func(realm string)
}

// Config is what a Service is made of. Store, Authenticator, Feed and Now must
// be set.
type Config struct {
	Store         Store
	Authenticator Authenticator
	Feed          Feed
	Now           func() time.Time
	// NewID makes session, family and event ids; nil takes secret.NewID.
	NewID func() string
	// Salt makes the random part of a refresh token's id; nil takes 16 bytes of
	// secret.Token.
	Salt func() []byte
	// Confirm is told that an access token of a rotating family's generation was
	// seen. It must not block; see Confirmer. nil: nobody is told.
	Confirm func(familyID string, gen int64)
	// Reread looks for a newer configuration of a realm after a token named a key
	// the realm does not know; ok is false when there is none. nil: never.
	Reread  func(ctx context.Context, realm *token.Realm) (newer *token.Realm, ok bool)
	Log     *slog.Logger // nil discards
	Metrics Metrics
	// Step begins the span of something a request waits for. nil: no spans.
	Step func(ctx context.Context, name string) (_ context.Context, end func(error))
}

// Service answers the token endpoint and its neighbours. Its errors are
// *oauth.Error.
type Service struct {
	store   Store
	auth    Authenticator
	feed    Feed
	now     func() time.Time
	newID   func() string
	salt    func() []byte
	confirm func(familyID string, gen int64)
	reread  func(ctx context.Context, realm *token.Realm) (*token.Realm, bool)
	log     *slog.Logger
	metrics Metrics
	step    func(ctx context.Context, name string) (context.Context, func(error))
	shared  *converges
}

// New makes a Service of its parts.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, auth: c.Authenticator, feed: c.Feed, now: c.Now, newID: c.NewID, salt: c.Salt,
		confirm: c.Confirm, reread: c.Reread, log: c.Log, metrics: c.Metrics.filled(), step: c.Step, shared: newConverges(),
	}
	if s.newID == nil {
		s.newID = secret.NewID
	}
	if s.salt == nil {
		s.salt = func() []byte { return secret.Token(saltBytes) }
	}
	if s.confirm == nil {
		s.confirm = func(string, int64) {}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.step == nil {
		s.step = func(ctx context.Context, _ string) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	return s
}

// filled has a function everywhere.
func (m Metrics) filled() Metrics {
	two, one := func(string, string) {}, func(string) {}
	for _, f := range []*func(string, string){&m.Grant, &m.Refresh} {
		if *f == nil {
			*f = two
		}
	}
	for _, f := range []*func(string){&m.Session, &m.Password, &m.Refreshed} {
		if *f == nil {
			*f = one
		}
	}
	return m
}

// saltBytes make a refresh token's id unguessable together with the realm's key.
const saltBytes = 16

// Request is one form sent to an endpoint, with what the transport knows.
type Request struct {
	Form    *oauth.Form
	Basic   oauth.Basic
	Address netip.Addr // the client's, as trusted proxies state it
	Secure  bool       // the client used https

	judgeOnly bool // see CheckRefresh
}

// Result is an endpoint's outcome. Client is set as soon as the client is
// authenticated, on errors too: its web origins decide about CORS. Answer is
// set by Token; Body is the JSON of Introspect and UserInfo.
type Result struct {
	Client *iam.Client
	Answer *Answer
	Body   []byte
}

// Answer is the token endpoint's success (RFC 6749 section 5.1), in Keycloak's
// member order. Lifetimes are whole seconds from now.
type Answer struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int64  `json:"expires_in"`
	RefreshExpiresIn int64  `json:"refresh_expires_in"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	TokenType        string `json:"token_type"`
	IDToken          string `json:"id_token,omitempty"`
	NotBefore        int64  `json:"not-before-policy"`
	SessionState     string `json:"session_state,omitempty"`
	Scope            string `json:"scope"`
}
