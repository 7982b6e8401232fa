package admin

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// Caller is who gives an order: a user of this machine.
type Caller struct{ UID int }

// Actor is the caller's name in events.
func (c Caller) Actor() string { return "uid:" + strconv.Itoa(c.UID) }

// Node is the running process, in which a change must be in force before it is
// acknowledged.
type Node interface {
	// Realm finds a realm by name. iam.ErrNotFound; iam.ErrUnavailable: damaged.
	Realm(name string) (*iam.RealmConfig, error)
	// Realms lists all realms by name.
	Realms() []*iam.RealmConfig
	// Apply puts revocations in force.
	Apply(entries ...iam.Revocation)
	// Reload puts the stored configuration in force.
	Reload(ctx context.Context) error
	// Imported is told of realms into which passwords came from elsewhere.
	Imported(realmIDs ...string)
	// FailureKeys are the keys under which wrong passwords of a user are counted,
	// whatever name was typed.
	FailureKeys(realmID string, u *iam.User) []string
}

// Service decides and does what an operator orders. Every method that changes
// something takes the caller first, commits the change with its event as one
// fact, and puts it in force in this process before it returns. Errors are
// *oauth.Error, or wrap iam.ErrUnavailable.
type Service struct {
	Users    UserStore
	Accounts AccountStore
	Sessions SessionStore
	Config   ConfigStore
	Members  MemberStore
	Signing  KeyStore
	Events   EventStore
	Record   Recorder
	Sealed   ResealStore

	Node     Node
	Importer *Importer // makes realms, and the hashes of passwords
	NewID    func() string
	Now      func() time.Time
	// Sleep returns ctx.Err() when ctx ends first.
	Sleep func(ctx context.Context, d time.Duration) error

	// hashing lets one password be hashed at a time: people who log in come first.
	hashing sync.Mutex
}

// EventStore finds events.
type EventStore interface {
	FindEvents(ctx context.Context, q iam.EventQuery) ([]iam.Event, error)
}

// The kinds of admin events.
const (
	adminCreate = iam.EventAdminCreate
	adminUpdate = iam.EventAdminUpdate
	adminDelete = iam.EventAdminDelete
	adminAction = iam.EventAdminAction
)

// event starts the record of an order: what kind of thing it is about, and its
// path below the realm, both as Keycloak names them.
func (s *Service) event(c Caller, realmID, kind, resource, path string) *iam.Event {
	return &iam.Event{
		ID: s.NewID(), At: s.Now().UnixMilli(), RealmID: realmID, Type: kind,
		Details: map[string]string{"resourceType": resource, "resourcePath": path, "actor": c.Actor()},
	}
}

// realm finds the realm of an order.
func (s *Service) realm(name string) (*iam.RealmConfig, error) {
	cfg, err := s.Node.Realm(name)
	if errors.Is(err, iam.ErrNotFound) {
		return nil, unknown("realm", name, "").WithHint(s.realmHint(name))
	}
	return cfg, err
}

func (s *Service) realmHint(name string) string {
	var known []string
	for _, r := range s.Node.Realms() {
		known = append(known, r.Realm.Name)
	}
	if len(known) == 0 {
		return "There is no realm yet: import one."
	}
	if best := nearestName(name, known); best != "" {
		return "Did you mean " + best + "?"
	}
	return "`usher admin realms list` shows the realms; name one with --realm."
}

// reload puts a changed configuration in force. The change is durable by now:
// trouble in reading it leaves the rest to the poll, half a second away, and
// is no reason to call the order failed.
func (s *Service) reload(ctx context.Context) {
	_ = s.Node.Reload(context.WithoutCancel(ctx)) // Node logs it
}

// unknown says that there is no such thing; realm "" leaves it out.
func unknown(kind, name, realm string) *oauth.Error {
	text := "There is no " + kind + " " + quote(name)
	if realm != "" {
		text += " in realm " + realm
	}
	e := oauth.RefuseArg(oauth.AdminUnknown, text)
	if command := listOf(kind); command != "" && realm != "" {
		return e.WithHint("`usher admin " + command + " --realm " + realm + "` shows what there is; --realm names another realm.")
	}
	return e
}

// listOf is the operator's command that lists things of a kind, "" for none.
func listOf(kind string) string {
	switch kind {
	case "user", "client", "session", "key":
		return kind + "s list"
	case "VideoManager":
		return "vms list"
	}
	return ""
}

func taken(text string) *oauth.Error   { return oauth.RefuseArg(oauth.AdminTaken, text) }
func refused(text string) *oauth.Error { return oauth.RefuseArg(oauth.AdminRefused, text) }

// quote bounds what an answer repeats of an order.
func quote(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "..."
	}
	return "'" + s + "'"
}

// answer turns the refusals of a store into those of an order; conflict is what
// is said when something is taken. Anything else stays as it is.
func answer(err error, conflict string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, iam.ErrUnavailable):
		return err
	case errors.Is(err, iam.ErrStale):
		return oauth.Refuse(oauth.AdminStale).Because(err)
	case errors.Is(err, iam.ErrConflict):
		return taken(conflict).Because(err)
	case errors.Is(err, iam.ErrNotFound):
		return oauth.Refuse(oauth.AdminUnknown).Because(err)
	}
	return err
}
