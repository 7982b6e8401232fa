package grant

import (
	"context"
	"log/slog"
	"sync"
)

// Confirmer notes lazily, off the hot path, that the successor of a rotated
// refresh token arrived: an access token of its generation was seen. A note
// that is lost, because the queue is full or the store in trouble, only makes
// the recovery of a lost answer more generous.
type Confirmer struct {
	store interface {
		ConfirmFamily(ctx context.Context, familyID string, gen int64) error
	}
	log   *slog.Logger
	queue chan seen

	mu   sync.Mutex
	last map[string]int64
}

type seen struct {
	familyID string
	gen      int64
}

// The bounds of a Confirmer.
const (
	confirmQueue = 1024
	confirmKnown = 65536
)

// NewConfirmer makes a Confirmer that writes to store while Run runs.
func NewConfirmer(store interface {
	ConfirmFamily(ctx context.Context, familyID string, gen int64) error
}, log *slog.Logger,
) *Confirmer {
	return &Confirmer{store: store, log: log, queue: make(chan seen, confirmQueue), last: make(map[string]int64)}
}

// Seen notes that an access token of a rotating family's generation was used.
// Generation 0 has no predecessor to recover, and reusable families stay there.
// It never blocks, and costs a map look-up when the generation is known.
func (c *Confirmer) Seen(familyID string, gen int64) {
	if gen == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.last[familyID]; ok && known >= gen {
		return
	}
	select {
	case c.queue <- seen{familyID, gen}:
	default:
		return // another use will tell
	}
	if len(c.last) >= confirmKnown {
		clear(c.last)
	}
	c.last[familyID] = gen
}

// Run writes what was seen until ctx is done.
func (c *Confirmer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-c.queue:
			if err := c.store.ConfirmFamily(ctx, n.familyID, n.gen); err != nil && ctx.Err() == nil {
				c.log.DebugContext(ctx, "use of a refreshed token not noted", "err", err)
			}
		}
	}
}
