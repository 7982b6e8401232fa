package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/seed-a6a28e10/usher/internal/telemetry"
)

// watch publishes the values that are read when the metrics are.
func (a *App) watch() {
	slots := float64(a.hashSlots())
	a.metrics.Watch(telemetry.HashSlots, func() float64 { return slots })
	a.metrics.Watch(telemetry.HashSlotsBusy, func() float64 { return float64(a.login.Hashing()) })
	a.metrics.Watch(telemetry.HashQueueLength, func() float64 { return float64(a.login.Queue()) })
	a.metrics.Watch(telemetry.FeedAge, func() float64 { return a.feed.Age(a.clock.Now()).Seconds() })
	a.metrics.Watch(telemetry.FeedEntries, func() float64 { return float64(a.feed.Len()) })
	a.metrics.Watch(telemetry.RememberedTokens, func() float64 { return float64(a.verifier.Remembered()) })
	a.metrics.Watch(telemetry.ConfigVersion, func() float64 { return float64(a.snapshot.Config().Version) })
	a.metrics.Watch(telemetry.ConfigAge, func() float64 { return a.snapshot.Age(a.clock.Now()).Seconds() })
	a.metrics.Watch(telemetry.StoreQueueLength, func() float64 { return float64(a.store.Queue()) })
	a.metrics.Watch(telemetry.SessionsOpen, func() float64 { return float64(a.openSessions.Load()) })
	a.metrics.WatchKeys(a.signingKeys)
	if a.tls != nil {
		a.metrics.Watch(telemetry.CertificateEnds, func() float64 { return float64(a.tls.expires().Unix()) })
	}
	a.metrics.Watch(telemetry.Ready, func() float64 {
		if a.health.Ready(context.Background()) {
			return 1
		}
		return 0
	})
}

// committed hands the store's measurements to the metrics.
func (a *App) committed(writes int, took time.Duration, ok bool) {
	outcome := "ok"
	if !ok {
		outcome = "failed"
	}
	a.metrics.Commit(writes, took, outcome)
}

// refreshed tells the metrics the policy a refresh was judged by: only a
// reusable family lets a token pass without a rule of rotation.
func (a *App) refreshed(outcome, _ string) {
	policy := "rotating"
	switch outcome {
	case "pass":
		policy = "reusable"
	case "":
		policy = "other"
	}
	a.metrics.Refresh(policy, outcome)
}

// signingKeys are the active keys of all realms, by name.
func (a *App) signingKeys() []telemetry.SigningKey {
	realms := a.snapshot.Config().Realms
	var out []telemetry.SigningKey
	for _, name := range slices.Sorted(maps.Keys(realms)) {
		keys := realms[name].Keys
		for _, alg := range slices.Sorted(maps.Keys(keys.Signing)) {
			if made := keys.Signing[alg].CreatedAt; made != 0 {
				out = append(out, telemetry.SigningKey{Realm: name, Algorithm: alg, Created: time.UnixMilli(made)})
			}
		}
	}
	return out
}

// countPause is how often sessions are counted: it reads an index from end to
// end.
const countPause = time.Minute

// count keeps the number of stored sessions for the metrics.
func (a *App) count(ctx context.Context) {
	for {
		total := int64(0)
		for _, r := range a.snapshot.Config().Realms {
			n, err := a.store.CountSessions(ctx, r.Realm.ID)
			if err != nil {
				break // the next round's; readiness tells of the trouble
			}
			total += int64(n)
		}
		a.openSessions.Store(total)
		if a.clock.Sleep(ctx, countPause) != nil {
			return
		}
	}
}
