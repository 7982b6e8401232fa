package app

import (
	"context"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// countedStore counts the events that are written, under Keycloak's names. It
// stands before the store only where those are asked for.
type countedStore struct {
	hotStore
	count func(iam.Event)
}

func (s countedStore) counted(ev *iam.Event, err error) {
	if ev != nil && err == nil {
		s.count(*ev)
	}
}

func (s countedStore) RecordEvent(ctx context.Context, ev iam.Event) error {
	err := s.hotStore.RecordEvent(ctx, ev)
	s.counted(&ev, err)
	return err
}

func (s countedStore) OpenLogin(ctx context.Context, l iam.Login) error {
	err := s.hotStore.OpenLogin(ctx, l)
	s.counted(l.Event, err)
	return err
}

func (s countedStore) ReplaceFailures(ctx context.Context, realmID, key string, prev, next iam.Failures, ev *iam.Event) error {
	err := s.hotStore.ReplaceFailures(ctx, realmID, key, prev, next, ev)
	s.counted(ev, err)
	return err
}

func (s countedStore) EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	out, err := s.hotStore.EndSession(ctx, realmID, sessionID, at, until, ev)
	s.counted(ev, err)
	return out, err
}

func (s countedStore) EndClientSession(ctx context.Context, realmID, sessionID, clientID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	out, err := s.hotStore.EndClientSession(ctx, realmID, sessionID, clientID, at, until, ev)
	s.counted(ev, err)
	return out, err
}

func (s countedStore) AdvanceFamily(ctx context.Context, prev, next iam.Family, at, sessionDeadAt int64, ev *iam.Event) error {
	err := s.hotStore.AdvanceFamily(ctx, prev, next, at, sessionDeadAt, ev)
	s.counted(ev, err)
	return err
}

func (s countedStore) KillFamily(ctx context.Context, prev iam.Family, reason string, at, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	out, err := s.hotStore.KillFamily(ctx, prev, reason, at, until, ev)
	s.counted(ev, err)
	return out, err
}

func (s countedStore) RevokeToken(ctx context.Context, realmID, jti string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	out, err := s.hotStore.RevokeToken(ctx, realmID, jti, until, ev)
	s.counted(ev, err)
	return out, err
}

// services is the store as the services see it: counted and traced where that
// is asked for, else itself.
func (a *App) services() hotStore {
	var s hotStore = a.store
	if a.cfg.KeycloakMetrics {
		s = countedStore{s, a.countEvent}
	}
	if a.opt.Trace != nil {
		s = tracedStore{s, a.opt.Trace}
	}
	return s
}

func (a *App) countEvent(ev iam.Event) {
	a.metrics.UserEvent(a.realmName(ev.RealmID), ev.Type, ev.Error)
}

// realmName is a label: realms are an operator's.
func (a *App) realmName(id string) string {
	if r, ok := a.snapshot.RealmByID(id); ok {
		return r.Realm.Name
	}
	return ""
}

// verified counts a comparison with a stored hash, under Keycloak's names.
func (a *App) verified(realmID, kind, outcome string) {
	algorithm, strength, _ := strings.Cut(kind, " ")
	a.metrics.HashValidation(a.realmName(realmID), algorithm, strength, outcome)
}

// refreshGranted counts what Keycloak takes for an event and we do not write
// down: a refresh without a change.
func (a *App) refreshGranted(realm string) { a.metrics.UserEvent(realm, "REFRESH_TOKEN", "") }
