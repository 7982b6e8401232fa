package app

import (
	"context"
	"time"
)

// keyPause is how often the job looks whether a rotation has a next step. It
// reads the store only where one is due, or the configuration changed.
const keyPause = 5 * time.Second

// moveKeys takes rotations of signing keys on. Every node does so; what one
// has done the others find done.
func (a *App) moveKeys(ctx context.Context) {
	seen, next := int64(-1), int64(0)
	for a.clock.Sleep(ctx, keyPause) == nil {
		version, now := a.snapshot.Config().Version, a.clock.Now().UnixMilli()
		if version == seen && (next == 0 || now < next) {
			continue
		}
		due, err := a.admin.MoveKeys(ctx)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("moving signing keys on", "error", err)
			}
			continue // and try again
		}
		seen, next = version, due
	}
}
