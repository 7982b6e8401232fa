package live

import (
	"context"
	"log/slog"
	"time"
)

// Clock is the injected time. Sleep returns ctx.Err() when ctx ends first.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// poll asks now and then each d until ctx ends, and logs when the answer turns
// from good to bad or back, not every time.
func poll(ctx context.Context, clock Clock, d time.Duration, log *slog.Logger, what string, ask func(context.Context) error) {
	failing := false
	for ctx.Err() == nil {
		err := ask(ctx)
		if ctx.Err() == nil && (err != nil) != failing {
			failing = err != nil
			log.Warn(what, "failing", failing, "error", err)
		}
		if clock.Sleep(ctx, d) != nil {
			return
		}
	}
}
