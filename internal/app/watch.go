package app

import (
	"context"
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
