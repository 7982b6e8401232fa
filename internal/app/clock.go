package app

import (
	"context"
	"time"
)

// Clock is the time everything below goes by.
type Clock interface {
	Now() time.Time
	// Sleep returns ctx.Err() when ctx ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// WallClock is the real time.
func WallClock() Clock { return wallClock{} }

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
