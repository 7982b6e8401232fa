package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const (
	sealPause       = 400 * time.Millisecond // so that what was committed is sealed within a second
	checkpointPause = time.Minute
	dropPause       = time.Minute
	lastSeal        = 2 * time.Second // for sealing the rest at the end

	// rowsPerSeal bounds the rows of a seal, and so how narrowly a change is
	// found and how many rows go at once when their retention has passed.
	rowsPerSeal   = 500
	sealsPerWrite = 64
	// dropsPerTurn bounds what one turn drops, so that catching up leaves room.
	dropsPerTurn = 200
)

// ErrBroken says that the chain is not what was written: nothing is sealed
// until an operator has looked.
var ErrBroken = errors.New("the chain of event seals was changed")

// Config are the parts of a Sealer. Store, Keys, Clock and Log are required.
type Config struct {
	Store Store
	Keys  Keys
	Clock Clock
	Log   *slog.Logger
	// Retention is how long events are kept after they were sealed; 0: for ever.
	Retention time.Duration
}

// Sealer seals the events of a store. Run is called once.
type Sealer struct {
	Config
	chain   iam.Chain // as last read or written; only Run's goroutine uses it
	known   bool
	pointed int64     // the row of the last checkpoint
	pointAt time.Time // when the last one was made
	dropAt  time.Time // when rows were last looked at for their retention
	dropped int64     // Unix ms, before which seals were dropped the last time; 0: not yet

	head     atomic.Int64
	unsealed atomic.Int64
	sealed   atomic.Int64 // Unix ms, when nothing was left to seal
}

// NewSealer makes a Sealer.
func NewSealer(c Config) *Sealer {
	s := &Sealer{Config: c}
	s.sealed.Store(c.Clock.Now().UnixMilli())
	return s
}

// Run seals what is committed, until ctx ends; then it seals what is left.
func (s *Sealer) Run(ctx context.Context) {
	failing := false
	for {
		err := s.Turn(ctx)
		if ctx.Err() == nil && (err != nil) != failing {
			failing = err != nil
			s.tell(err)
		}
		if s.Clock.Sleep(ctx, sealPause) != nil {
			break
		}
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
	defer cancel()
	if err := s.Seal(rest); err != nil {
		s.tell(err)
	}
}

func (s *Sealer) tell(err error) {
	switch {
	case err == nil:
		s.Log.Info("events are sealed again")
	case errors.Is(err, ErrBroken):
		s.Log.Error("events are not sealed: verify the record", "error", err)
	default:
		s.Log.Warn("events are not sealed", "error", err)
	}
}

// Turn does once what Run does again and again: it seals, makes a checkpoint
// and drops what has passed its retention where they are due.
func (s *Sealer) Turn(ctx context.Context) error {
	if err := s.Seal(ctx); err != nil {
		return err
	}
	now := s.Clock.Now()
	if passed(s.pointAt, now, checkpointPause) {
		if err := s.Checkpoint(ctx); err != nil {
			return err
		}
		s.pointAt = now
	}
	if s.Retention > 0 && passed(s.dropAt, now, dropPause) {
		if err := s.Drop(ctx); err != nil {
			return err
		}
		s.dropAt = now
	}
	return nil
}

// passed says whether the pause is over; a clock that was set back ends it too.
func passed(since, now time.Time, pause time.Duration) bool {
	d := now.Sub(since)
	return d < 0 || d >= pause
}

// Head, Unsealed and Age are for the metrics: the last sealed row, the rows
// after it when they were last looked at, and how long ago nothing was left.
func (s *Sealer) Head() int64     { return s.head.Load() }
func (s *Sealer) Unsealed() int64 { return s.unsealed.Load() }
func (s *Sealer) Age(now time.Time) time.Duration {
	return now.Sub(time.UnixMilli(s.sealed.Load()))
}

// Seal seals everything committed so far.
func (s *Sealer) Seal(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for {
		bounds, err := s.Store.EventBounds(ctx)
		if err != nil {
			return err
		}
		s.unsealed.Store(max(0, bounds.Last-s.chain.HeadRow))
		if bounds.Last <= s.chain.HeadRow {
			s.sealed.Store(s.Clock.Now().UnixMilli())
			return nil
		}
		if err := s.sealSome(ctx); err != nil {
			return err
		}
	}
}

// load reads the chain, once and after each trouble.
func (s *Sealer) load(ctx context.Context) error {
	if s.known {
		return nil
	}
	c, err := s.Store.Chain(ctx)
	switch {
	case errors.Is(err, iam.ErrNotFound):
		return fmt.Errorf("%w: its row is gone", ErrBroken)
	case err != nil:
		return err
	case !hmac.Equal(c.MAC, c.Sum(s.Keys.chain)):
		return fmt.Errorf("%w: its row bears a wrong MAC", ErrBroken)
	case c.HeadRow < s.chain.HeadRow:
		return fmt.Errorf("%w: it ended at row %d and now ends at row %d", ErrBroken, s.chain.HeadRow, c.HeadRow)
	}
	points, err := s.Store.Checkpoints(ctx, c.LastPoint-1, 1)
	if err != nil {
		return err
	}
	s.pointed = 0
	if len(points) > 0 {
		s.pointed = points[0].Row
	}
	s.chain, s.known = c, true
	s.head.Store(c.HeadRow)
	return nil
}

// sealSome seals a bounded number of rows.
func (s *Sealer) sealSome(ctx context.Context) error {
	next := s.chain
	var seals []iam.Seal
	for len(seals) < sealsPerWrite {
		rows, err := s.Store.EventRows(ctx, next.HeadRow, rowsPerSeal)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		h := sha256.New()
		for _, r := range rows {
			h.Write(r.Bytes)
		}
		seal := iam.Seal{From: next.HeadRow + 1, To: rows[len(rows)-1].Row, At: s.Clock.Now().UnixMilli(), Count: int64(len(rows))}
		seal.MAC = seal.Sum(s.Keys.chain, next.HeadMAC, [sha256.Size]byte(h.Sum(nil)))
		seals = append(seals, seal)
		next.HeadRow, next.HeadMAC = seal.To, seal.MAC
		if len(rows) < rowsPerSeal {
			break
		}
	}
	if len(seals) == 0 {
		return nil
	}
	return s.move(next, func(prev, next iam.Chain) error { return s.Store.AppendSeals(ctx, prev, next, seals) })
}

// move writes a change of the chain. After a failure the chain is read again:
// whether the write happened is not known, or somebody else wrote.
func (s *Sealer) move(next iam.Chain, write func(prev, next iam.Chain) error) error {
	next.MAC = next.Sum(s.Keys.chain)
	if err := write(s.chain, next); err != nil {
		s.known = false
		return err
	}
	s.chain = next
	s.head.Store(next.HeadRow)
	return nil
}

// Checkpoint signs how far the chain reaches, unless the last checkpoint did.
func (s *Sealer) Checkpoint(ctx context.Context) error {
	if err := s.load(ctx); err != nil || s.chain.HeadRow == s.pointed {
		return err
	}
	p, err := s.Keys.state(s.chain, s.chain.LastPoint+1, s.Clock.Now().UnixMilli())
	if err != nil {
		return err
	}
	next := s.chain
	next.LastPoint = p.Number
	err = s.move(next, func(prev, next iam.Chain) error { return s.Store.PutCheckpoint(ctx, prev, next, p) })
	if err == nil {
		s.pointed = p.Row
	}
	return err
}

// Drop removes the events that were sealed longer than the retention ago, whole
// seals at a time. A clock that leaps ahead does not take the record with it:
// from turn to turn the time before which is dropped moves a little at most.
func (s *Sealer) Drop(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	before := s.Clock.Now().Add(-s.Retention).UnixMilli()
	if s.dropped != 0 {
		before = min(before, s.dropped+2*dropPause.Milliseconds())
	}
	s.dropped = before
	for range dropsPerTurn {
		next, err := s.passedSeals(ctx, before)
		if err != nil || next.BaseRow == s.chain.BaseRow {
			return err
		}
		err = s.move(next, func(prev, next iam.Chain) error {
			_, err := s.Store.DropSealed(ctx, prev, next)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passedSeals is the chain without its first few seals, as far as they were
// made before a time (Unix ms), and without the checkpoints of their rows; the
// last checkpoint stays.
func (s *Sealer) passedSeals(ctx context.Context, before int64) (iam.Chain, error) {
	next := s.chain
	seals, err := s.Store.SealsAfter(ctx, next.BaseRow, sealsPerWrite)
	if err != nil {
		return next, err
	}
	rows := int64(0)
	for _, seal := range seals {
		if rows += seal.Count; seal.At >= before || seal.To > next.HeadRow || rows > rowsPerSeal {
			break
		}
		next.BaseRow, next.BaseMAC = seal.To, seal.MAC
	}
	points, err := s.Store.Checkpoints(ctx, next.FirstPoint-1, sealsPerWrite)
	if err != nil {
		return next, err
	}
	for _, p := range points {
		if p.Row > next.BaseRow || p.Number >= next.LastPoint {
			break
		}
		next.FirstPoint = p.Number + 1
	}
	return next, nil
}
