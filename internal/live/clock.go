package live

import (
	"context"
	"time"
)

// Clock is the injected time. Sleep returns ctx.Err() when ctx ends first.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// every runs f now and then each d until ctx ends.
func every(ctx context.Context, clock Clock, d time.Duration, f func(context.Context)) {
	for ctx.Err() == nil {
		f(ctx)
		if clock.Sleep(ctx, d) != nil {
			return
		}
	}
}
