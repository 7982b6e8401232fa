package storetest

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Store is everything the services ask of a store, in one place.
type Store interface {
	LoadConfig(context.Context) (iam.ConfigRows, error)
	ConfigVersion(context.Context) (int64, error)
	Probe(context.Context) error
	ImportRealm(context.Context, iam.RealmImport, []vms.Membership) error

	AddUsers(ctx context.Context, realmID string, users []iam.User, memberOf []int64) error
	Users(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error)
	Passwords(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error)
	UserByName(ctx context.Context, realmID, canonical string) (iam.User, error)
	UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error)
	User(ctx context.Context, realmID, id string) (iam.User, error)
	UpgradePassword(ctx context.Context, userID string, prev, next iam.Credential) error
	ChangePassword(ctx context.Context, realmID, userID string, next iam.Credential, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	SetUserEnabled(ctx context.Context, realmID, userID string, enabled bool, at, until int64, ev *iam.Event) ([]iam.Revocation, error)

	Failures(ctx context.Context, realmID, key string) (iam.Failures, int64, error)
	ReplaceFailures(ctx context.Context, realmID, key string, prev, next iam.Failures, ev *iam.Event) error

	OpenLogin(context.Context, iam.Login) error
	JoinSession(ctx context.Context, cs iam.ClientSession, f iam.Family, ev *iam.Event) error
	Family(ctx context.Context, realmID, familyID string) (iam.FamilyView, error)
	AdvanceFamily(ctx context.Context, prev, next iam.Family, at, sessionDeadAt int64, ev *iam.Event) error
	TouchSession(ctx context.Context, sessionID, familyID string, at, deadAt int64) error
	KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	ConfirmFamily(ctx context.Context, familyID string, gen int64) error
	EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	EndClientSession(ctx context.Context, realmID, sessionID, clientID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)

	RevokeToken(ctx context.Context, realmID, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error)
	TokenRevoked(ctx context.Context, realmID, jti string) (bool, error)
	Revocations(ctx context.Context, afterSeq int64) ([]iam.Revocation, error)
	RecordEvent(context.Context, iam.Event) error
	Events(ctx context.Context, realmID string, afterRow int64, limit int) ([]iam.Event, error)

	VideoManagers(ctx context.Context, realmID string) ([]vms.Membership, error)
	VideoManagersOf(ctx context.Context, realmID, userID string) ([]vms.VideoManager, error)

	Accounts

	Finder
	Orders
	Sessions
	Members
	Seals

	Sweep(ctx context.Context, now int64, limit int) (int, error)
	CheckRows(context.Context) (iam.RowFindings, error)
	Close() error
}
