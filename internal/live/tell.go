package live

import (
	"context"
	"sync"
)

const (
	// confirmQueue bounds the confirmations that wait. A token that finds it
	// full is told at its next call.
	confirmQueue = 1024
	// confirmers write at the same time, so that the store can batch them.
	confirmers = 4
)

// tell queues the first sight of a rotating family's access token. It never waits.
func (v *Verifier) tell(t *remembered) {
	if v.Confirm == nil || t.told.Swap(true) {
		return
	}
	select {
	case v.confirms <- t:
	default:
		t.told.Store(false)
	}
}

// Run tells confirmations until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	if v.Confirm == nil {
		<-ctx.Done()
		return
	}
	var wg sync.WaitGroup
	for range confirmers {
		wg.Go(func() { v.confirmer(ctx) })
	}
	wg.Wait()
}

func (v *Verifier) confirmer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-v.confirms:
			if err := v.Confirm(ctx, t.claims.Family, t.claims.Gen); err != nil {
				t.told.Store(false) // lost only until the next call
				v.Log.Debug("confirming a family", "error", err)
			}
		}
	}
}
