package app

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/api"
	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/oauth"
)

// verifyEvents reads the whole record of events.
func (a *App) verifyEvents(ctx context.Context, outside []byte) (api.EventsVerified, error) {
	r, err := audit.Verify(ctx, a.store, audit.NewKeys(a.store.RootKey()), outside)
	if errors.Is(err, audit.ErrMalformed) {
		return api.EventsVerified{}, oauth.RefuseArg(oauth.AdminRefused, "The checkpoint is none: send one as `usher admin events checkpoint` prints it").Because(err)
	}
	if err != nil {
		return api.EventsVerified{}, err
	}
	out := api.EventsVerified{
		OK: r.OK, Events: r.Events, Seals: r.Seals, Checkpoints: r.Checkpoints, FromRow: r.FromRow,
		SealedToRow: r.SealedToRow, SealedAt: r.SealedAt, Unsealed: r.Unsealed,
		Outside: string(r.Outside), Findings: make([]api.EventFinding, len(r.Findings)), More: r.More,
	}
	for i, f := range r.Findings {
		out.Findings[i] = api.EventFinding{Kind: string(f.Kind), FromRow: f.FromRow, ToRow: f.ToRow, Text: f.Text}
	}
	return out, nil
}

// checkpoint is the newest signed checkpoint.
func (a *App) checkpoint(ctx context.Context) ([]byte, error) { return audit.Latest(ctx, a.store) }
