package app

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/telemetry"
)

// newEvents makes the sealer of the event record and publishes how it does.
func (a *App) newEvents() *audit.Sealer {
	s := audit.NewSealer(audit.Config{
		Store: a.store, Keys: audit.NewKeys(a.store.RootKey()), Clock: a.clock, Log: a.log,
		Retention: a.cfg.EventRetention,
	})
	a.metrics.Watch(telemetry.SealedRow, func() float64 { return float64(s.Head()) })
	a.metrics.Watch(telemetry.UnsealedEvents, func() float64 { return float64(s.Unsealed()) })
	a.metrics.Watch(telemetry.EventSealAge, func() float64 { return s.Age(a.clock.Now()).Seconds() })
	return s
}

// sealRest seals what a command wrote into a folder that no server has; a
// running server's sealer does so when it ends.
func (a *App) sealRest() {
	if a.started || a.events == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := a.events.Seal(ctx); err != nil {
		a.log.Warn("events are not sealed", "error", err)
	}
}
