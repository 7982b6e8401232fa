package app

import (
	"context"
	"strings"
)

// OpenOffline opens a data folder that no server has, for AdminHandler alone: no
// listener, no background job, Start is never called. ErrLocked says that a
// server runs: AdminDialer reaches it. A folder without a database gets one, as
// with New; see HasDatabase. The caller ends with Close.
func OpenOffline(ctx context.Context, cfg Config, opt Options) (*App, error) {
	a, err := prepare(cfg, opt)
	if err != nil {
		return nil, err
	}
	a.public = strings.TrimRight(cfg.PublicURL, "/")
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	if err := a.snapshot.Reload(ctx); err != nil {
		_ = a.Close() // the first error says what is wrong
		return nil, err
	}
	return a, nil
}
