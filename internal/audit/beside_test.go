package audit_test

import (
	"context"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func (w *writing) Chain(ctx context.Context) (iam.Chain, error) {
	defer w.between()
	return w.Reader.Chain(ctx)
}

func (w *writing) EventRows(ctx context.Context, after int64, limit int) ([]iam.EventRow, error) {
	w.between()
	return w.Reader.EventRows(ctx, after, min(limit, 7))
}

func (w *writing) SealsAfter(ctx context.Context, row int64, limit int) ([]iam.Seal, error) {
	w.between()
	return w.Reader.SealsAfter(ctx, row, limit)
}

func (w *writing) Checkpoints(ctx context.Context, after int64, limit int) ([]iam.Checkpoint, error) {
	w.between()
	return w.Reader.Checkpoints(ctx, after, limit)
}
