package audit

import (
	"bytes"
	"context"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// points reads the checkpoints beside the seals.
type points struct {
	v     *verifier
	read  []iam.Checkpoint
	begun bool
	last  int64 // the number of the last one judged
	row   int64 // and its row
}

// upTo judges the checkpoints up to the row at which a seal ends.
func (p *points) upTo(ctx context.Context, row int64, mac []byte) error {
	for {
		if err := p.fill(ctx); err != nil || len(p.read) == 0 || p.read[0].Row > row {
			return err
		}
		p.judge(p.read[0], row, mac)
		p.read = p.read[1:]
	}
}

// rest judges those after the last seal, and whether all were there.
func (p *points) rest(ctx context.Context) error {
	for {
		if err := p.fill(ctx); err != nil {
			return err
		}
		if len(p.read) == 0 {
			break
		}
		p.judge(p.read[0], 0, nil)
		p.read = p.read[1:]
	}
	if p.last < p.v.chain.LastPoint {
		p.missing(p.last+1, p.v.chain.LastPoint)
	}
	return nil
}

// fill reads on when nothing is left; what is beyond the chain's last checkpoint
// was made meanwhile, or is found by beyond.
func (p *points) fill(ctx context.Context) error {
	if len(p.read) > 0 {
		return nil
	}
	if !p.begun {
		p.begun = true
		p.last = p.v.chain.FirstPoint - 1
		first, err := p.v.Checkpoints(ctx, -1<<63, 1)
		if err != nil {
			return err
		}
		if len(first) > 0 && first[0].Number < p.v.chain.FirstPoint {
			p.v.report.find(Pointed, 0, 0, fmt.Sprintf("Checkpoint %d lies before the first one.", first[0].Number))
		}
	}
	if p.last >= p.v.chain.LastPoint {
		return nil
	}
	read, err := p.v.Checkpoints(ctx, p.last, page)
	for len(read) > 0 && read[len(read)-1].Number > p.v.chain.LastPoint {
		read = read[:len(read)-1]
	}
	p.read = read
	return err
}

// judge compares a checkpoint with the last seal that ends at or before row.
func (p *points) judge(c iam.Checkpoint, row int64, mac []byte) {
	v := p.v
	v.report.Checkpoints++
	if c.Number != p.last+1 {
		p.missing(p.last+1, c.Number-1)
	}
	st, err := readStored(c, v.keys.Public())
	switch {
	case err != nil:
		p.find(c, "was changed")
	case c.Row < p.row:
		p.find(c, "reaches less far than the one before")
	case c.Row < v.chain.BaseRow: // what it speaks of has passed its retention
	case c.Row != row || !bytes.Equal(st.Seal, mac):
		p.find(c, "states another seal than there is")
	}
	p.last, p.row = c.Number, c.Row
}

func (p *points) find(c iam.Checkpoint, what string) {
	p.v.report.find(Pointed, c.Row, c.Row, fmt.Sprintf("Checkpoint %d %s.", c.Number, what))
}

func (p *points) missing(from, to int64) {
	p.v.report.find(Pointed, 0, 0, fmt.Sprintf("The checkpoints %d to %d are missing.", from, to))
}
