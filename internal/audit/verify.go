package audit

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// page is how many rows are read at once: what a verification holds in memory.
const page = 1000

// attempts is how often the record is read again because rows passed their
// retention meanwhile.
const attempts = 3

// Verify reads the whole record and tells everything in it that is not as it was
// written. outside, where given, is a checkpoint that was kept elsewhere. It may
// run beside a server that goes on writing. The error says that the record
// could not be read, or that outside is no checkpoint (ErrMalformed).
func Verify(ctx context.Context, r Reader, k Keys, outside []byte) (Report, error) {
	var kept *Statement
	var foreign error
	if outside != nil {
		st, err := ReadCheckpoint(outside, k.Public())
		if errors.Is(err, ErrMalformed) {
			return Report{}, err
		}
		kept, foreign = &st, err
	}
	for n := 1; ; n++ {
		v := &verifier{Reader: r, keys: k, report: Report{Findings: []Finding{}}}
		if foreign != nil {
			v.report.Outside = OutsideDiffers
			v.report.find(Pointed, 0, 0, "The checkpoint given was not signed by this store: it is another store's, it was changed, or this store was replaced.")
		} else {
			v.outside = kept
		}
		moved, err := v.run(ctx)
		if err != nil {
			return Report{}, err
		}
		if v.report.OK = len(v.report.Findings) == 0; v.report.OK || !moved || n == attempts {
			return v.report, nil
		}
	}
}

// verifier is one reading of the record.
type verifier struct {
	Reader
	keys    Keys
	outside *Statement
	report  Report
	chain   iam.Chain
	points  *points
}

// run reads the record as the chain states it at the beginning. moved says that
// its beginning is another now.
func (v *verifier) run(ctx context.Context) (moved bool, err error) {
	v.chain, err = v.Chain(ctx)
	if errors.Is(err, iam.ErrNotFound) {
		v.report.find(Chained, 0, 0, "The row that states where the record begins and ends is gone.")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !hmac.Equal(v.chain.MAC, v.chain.Sum(v.keys.chain)) {
		v.report.find(Chained, 0, 0, "The row that states where the record begins and ends was changed.")
	}
	if v.report.Unsealed, err = v.CountEvents(ctx, v.chain.HeadRow); err != nil {
		return false, err
	}
	v.report.FromRow, v.report.SealedToRow = v.chain.BaseRow+1, v.chain.HeadRow
	v.points = &points{v: v}
	for _, step := range []func(context.Context) error{v.before, v.seals, v.points.rest, v.beyond} {
		if err := step(ctx); err != nil {
			return false, err
		}
	}
	v.judgeOutside()
	now, err := v.Chain(ctx)
	if errors.Is(err, iam.ErrNotFound) {
		return false, nil
	}
	return now.BaseRow != v.chain.BaseRow, err
}

// before looks for what lies before the beginning.
func (v *verifier) before(ctx context.Context) error {
	bounds, err := v.EventBounds(ctx)
	if err != nil {
		return err
	}
	if bounds.First <= v.chain.BaseRow {
		v.report.find(Added, bounds.First, v.chain.BaseRow, "Events lie before the beginning of the record.")
	}
	seals, err := v.SealsAfter(ctx, math.MinInt64, 1)
	if err == nil && len(seals) > 0 && seals[0].To <= v.chain.BaseRow {
		v.report.find(Added, seals[0].From, seals[0].To, "A seal lies before the beginning of the record.")
	}
	return err
}

// beyond looks for seals and checkpoints after the end. A server goes on making
// them, and then states another end.
func (v *verifier) beyond(ctx context.Context) error {
	for {
		chain, err := v.Chain(ctx)
		if err != nil {
			return ignoreGone(err)
		}
		seals, err := v.SealsAfter(ctx, chain.HeadRow, 1)
		if err != nil {
			return err
		}
		points, err := v.Checkpoints(ctx, chain.LastPoint, 1)
		if err != nil || len(seals)+len(points) == 0 {
			return err
		}
		again, err := v.Chain(ctx)
		if err != nil {
			return ignoreGone(err)
		}
		if again.HeadRow > chain.HeadRow || again.LastPoint > chain.LastPoint {
			continue
		}
		if len(seals) > 0 {
			v.report.find(Added, seals[0].From, seals[0].To, "A seal lies after the end of the record.")
		}
		if len(points) > 0 {
			v.report.find(Pointed, 0, 0, fmt.Sprintf("Checkpoint %d was never stated to have been made.", points[0].Number))
		}
		return nil
	}
}

// ignoreGone: that the chain is gone was found already, or will be.
func ignoreGone(err error) error {
	if errors.Is(err, iam.ErrNotFound) {
		return nil
	}
	return err
}

// judgeOutside says what the checkpoint from outside has shown, beside what
// comparing it on the way found.
func (v *verifier) judgeOutside() {
	st := v.outside
	switch {
	case st == nil:
	case st.Row > v.chain.HeadRow || st.Number > v.chain.LastPoint:
		v.report.Outside = OutsideDiffers
		v.report.find(Truncated, v.chain.HeadRow+1, st.Row, fmt.Sprintf(
			"The checkpoint given, of %s, knows row %d and %d checkpoints; this record ends before that: it was cut off, or replaced by an older copy.",
			time.UnixMilli(st.At).UTC().Format(time.RFC3339), st.Row, st.Number))
	case st.Row < v.chain.BaseRow:
		v.report.Outside = OutsidePassed
	case v.report.Outside == "":
		v.report.Outside = OutsideDiffers
		v.report.find(Changed, st.Row, st.Row, fmt.Sprintf("The checkpoint given states a seal that ends at row %d; there is none.", st.Row))
	}
}

// meet compares the checkpoint from outside with a seal that ends at its row.
func (v *verifier) meet(row int64, mac []byte) {
	if v.outside == nil || v.outside.Row != row {
		return
	}
	v.report.Outside = OutsideMatches
	if !hmac.Equal(v.outside.Seal, mac) {
		v.report.Outside = OutsideDiffers
		v.report.find(Changed, v.chain.BaseRow+1, row, fmt.Sprintf(
			"The checkpoint given states another seal at row %d: the events up to it were sealed anew.", row))
	}
}
