package app

import (
	"context"
	"sync"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// maxDamaged bounds the rows that are remembered; a database with more has been
// told of loudly enough.
const maxDamaged = 1000

// damage tells of each damaged row once in a process.
type damage struct {
	mu    sync.Mutex
	known map[iam.DamagedRow]bool
	queue chan iam.DamagedRow // holds as many as are remembered
}

func newDamage() *damage {
	return &damage{known: map[iam.DamagedRow]bool{}, queue: make(chan iam.DamagedRow, maxDamaged)}
}

// first says whether nobody was told of the row yet.
func (d *damage) first(row iam.DamagedRow) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[row] || len(d.known) == maxDamaged {
		return false
	}
	d.known[row] = true
	return true
}

// damaged is the store's hook: quick, from many goroutines, at each look.
func (a *App) damaged(table, id string) {
	row := iam.DamagedRow{Table: table, ID: id}
	if !a.damage.first(row) {
		return
	}
	a.metrics.Damaged(table)
	a.log.Error("a stored row is not what was written; what it decides is answered 503", "table", table, "row", id)
	a.damage.queue <- row // has room: no row comes twice
}

// recordDamage writes the events, until ctx ends.
func (a *App) recordDamage(ctx context.Context) {
	for {
		select {
		case row := <-a.damage.queue:
			ev := iam.Event{ID: secret.NewID(), At: a.clock.Now().UnixMilli(), Type: iam.EventRowDamaged,
				Details: map[string]string{"table": row.Table, "row": row.ID}}
			if err := a.store.RecordEvent(ctx, ev); err != nil && ctx.Err() == nil {
				a.log.Warn("event not recorded", "type", ev.Type, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
