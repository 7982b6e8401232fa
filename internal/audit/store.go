package audit

import (
	"context"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Reader is what verifying asks of a store.
type Reader interface {
	// Chain is iam.ErrNotFound where the store has lost it.
	Chain(ctx context.Context) (iam.Chain, error)
	EventBounds(ctx context.Context) (iam.EventBounds, error)
	CountEvents(ctx context.Context, afterRow int64) (int64, error)
	EventRows(ctx context.Context, afterRow int64, limit int) ([]iam.EventRow, error)
	SealsAfter(ctx context.Context, row int64, limit int) ([]iam.Seal, error)
	Checkpoints(ctx context.Context, after int64, limit int) ([]iam.Checkpoint, error)
}

// Store is what sealing asks of a store. Each write is conditional on the chain
// being prev: iam.ErrStale when it is another.
type Store interface {
	Reader
	AppendSeals(ctx context.Context, prev, next iam.Chain, seals []iam.Seal) error
	PutCheckpoint(ctx context.Context, prev, next iam.Chain, p iam.Checkpoint) error
	// DropSealed removes what lies before the base of next, and tells how many
	// events that were.
	DropSealed(ctx context.Context, prev, next iam.Chain) (int64, error)
}

// Clock is the injected time. Sleep returns ctx.Err() when ctx ends first.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}
