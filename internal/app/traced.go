package app

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/login"
)

// hotStore is what the services ask of a store while somebody waits.
type hotStore interface {
	grant.Store
	login.Store
}

// tracedStore makes a span of each question and fact. It stands before the
// store only while spans are sent.
type tracedStore struct {
	hotStore
	trace *Tracer
}

// storeFailed tells trouble from an answer: an absence, a taken name and a lost
// race are answers.
func storeFailed(err error) bool { return errors.Is(err, iam.ErrUnavailable) }

// fact runs do in a span.
func fact[T any](ctx context.Context, s tracedStore, name string, do func(context.Context) (T, error)) (T, error) {
	ctx, end := s.trace.Store(ctx, name)
	out, err := do(ctx)
	end(storeFailed(err))
	return out, err
}

// plain is fact for what returns an error alone.
func plain(ctx context.Context, s tracedStore, name string, do func(context.Context) error) error {
	_, err := fact(ctx, s, name, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

func (s tracedStore) OpenLogin(ctx context.Context, l iam.Login) error {
	return plain(ctx, s, "OpenLogin", func(ctx context.Context) error { return s.hotStore.OpenLogin(ctx, l) })
}

func (s tracedStore) TouchSession(ctx context.Context, sessionID, familyID string, at, deadAt int64) error {
	return plain(ctx, s, "TouchSession", func(ctx context.Context) error {
		return s.hotStore.TouchSession(ctx, sessionID, familyID, at, deadAt)
	})
}

func (s tracedStore) EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return fact(ctx, s, "EndSession", func(ctx context.Context) ([]iam.Revocation, error) {
		return s.hotStore.EndSession(ctx, realmID, sessionID, at, until, ev)
	})
}

func (s tracedStore) EndClientSession(ctx context.Context, realmID, sessionID, clientID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return fact(ctx, s, "EndClientSession", func(ctx context.Context) ([]iam.Revocation, error) {
		return s.hotStore.EndClientSession(ctx, realmID, sessionID, clientID, at, until, ev)
	})
}

func (s tracedStore) Family(ctx context.Context, realmID, familyID string) (iam.FamilyView, error) {
	return fact(ctx, s, "Family", func(ctx context.Context) (iam.FamilyView, error) { return s.hotStore.Family(ctx, realmID, familyID) })
}

func (s tracedStore) AdvanceFamily(ctx context.Context, prev, next iam.Family, at, sessionDeadAt int64, ev *iam.Event) error {
	return plain(ctx, s, "AdvanceFamily", func(ctx context.Context) error {
		return s.hotStore.AdvanceFamily(ctx, prev, next, at, sessionDeadAt, ev)
	})
}

func (s tracedStore) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return fact(ctx, s, "KillFamily", func(ctx context.Context) ([]iam.Revocation, error) {
		return s.hotStore.KillFamily(ctx, prev, reason, at, until, ev)
	})
}

func (s tracedStore) RevokeToken(ctx context.Context, realmID, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	return fact(ctx, s, "RevokeToken", func(ctx context.Context) ([]iam.Revocation, error) {
		return s.hotStore.RevokeToken(ctx, realmID, jti, until, ev)
	})
}

func (s tracedStore) TokenRevoked(ctx context.Context, realmID, jti string) (bool, error) {
	return fact(ctx, s, "TokenRevoked", func(ctx context.Context) (bool, error) { return s.hotStore.TokenRevoked(ctx, realmID, jti) })
}

func (s tracedStore) User(ctx context.Context, realmID, id string) (iam.User, error) {
	return fact(ctx, s, "User", func(ctx context.Context) (iam.User, error) { return s.hotStore.User(ctx, realmID, id) })
}

func (s tracedStore) UserByName(ctx context.Context, realmID, canonical string) (iam.User, error) {
	return fact(ctx, s, "UserByName", func(ctx context.Context) (iam.User, error) {
		return s.hotStore.UserByName(ctx, realmID, canonical)
	})
}

func (s tracedStore) UserByEmail(ctx context.Context, realmID, canonical string) (iam.User, error) {
	return fact(ctx, s, "UserByEmail", func(ctx context.Context) (iam.User, error) {
		return s.hotStore.UserByEmail(ctx, realmID, canonical)
	})
}

func (s tracedStore) RecordEvent(ctx context.Context, ev iam.Event) error {
	return plain(ctx, s, "RecordEvent", func(ctx context.Context) error { return s.hotStore.RecordEvent(ctx, ev) })
}
