package recovery

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-a6a28e10/usher/internal/secret"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// inspect opens a database only to read it.
func inspect(ctx context.Context, dir string, masterKey []byte) (*sqlite.Inspection, error) {
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		return nil, err
	}
	return sqlite.Inspect(ctx, dir, sealer.UnlockRoot, time.Now)
}

// open opens a database to write it, as a server does.
func open(ctx context.Context, dir string, masterKey []byte, clock Clock, log *slog.Logger) (*sqlite.DB, error) {
	sealer, err := secret.NewSealer(masterKey)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return sqlite.Open(ctx, sqlite.Options{Dir: dir, Now: clock.Now, Log: log, Unlock: sealer.UnlockRoot})
}
