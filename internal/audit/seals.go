package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// seals reads seals and events side by side and compares them.
func (v *verifier) seals(ctx context.Context) error {
	rows := &rowReader{Reader: v, next: v.chain.BaseRow}
	link := link{row: v.chain.BaseRow, macs: [][]byte{v.chain.BaseMAC}}
	if err := v.pass(ctx, link.row, v.chain.BaseMAC); err != nil {
		return err
	}
	after := v.chain.BaseRow
	for {
		seals, err := v.SealsAfter(ctx, after, page)
		if err != nil {
			return err
		}
		for i := range seals {
			if seals[i].To > v.chain.HeadRow { // the next ones were made meanwhile
				return v.atEnd(link)
			}
			if link, err = v.judge(ctx, &seals[i], link, rows); err != nil {
				return err
			}
			if err := v.pass(ctx, seals[i].To, seals[i].MAC); err != nil {
				return err
			}
			after = seals[i].To
		}
		if len(seals) < page {
			return v.atEnd(link)
		}
	}
}

// link is where one seal takes hold of the one before it: the last row, and the
// MACs that the next one may build upon. They are two where the stored one is
// wrong: who changed it changed nothing after it.
type link struct {
	row  int64
	macs [][]byte
}

// judge compares one seal with its rows.
func (v *verifier) judge(ctx context.Context, s *iam.Seal, before link, rows *rowReader) (link, error) {
	v.report.Seals++
	v.report.SealedAt = s.At
	strays, _, err := rows.take(ctx, s.From-1)
	if err != nil {
		return before, err
	}
	count, digest, err := rows.take(ctx, s.To)
	if err != nil {
		return before, err
	}
	v.report.Events += count + strays
	if s.From != before.row+1 {
		v.report.find(Missing, before.row+1, s.To, "A seal is missing here, or its rows were changed; nothing vouches for these events.")
		return link{s.To, [][]byte{s.MAC}}, nil
	}
	var wants [][]byte
	for _, mac := range before.macs {
		want := s.Sum(v.keys.chain, mac, digest)
		if hmac.Equal(want, s.MAC) {
			return link{s.To, [][]byte{s.MAC}}, nil
		}
		wants = append(wants, want)
	}
	switch {
	case count < s.Count:
		v.report.find(Missing, s.From, s.To, fmt.Sprintf("%d of these %d events are missing, or their seal was changed.", s.Count-count, s.Count))
	case count > s.Count:
		v.report.find(Added, s.From, s.To, fmt.Sprintf("%d events were added to these %d, or their seal was changed.", count-s.Count, s.Count))
	default:
		v.report.find(Changed, s.From, s.To, "These events, their order or their seal were changed.")
	}
	return link{s.To, append(wants, s.MAC)}, nil
}

// atEnd compares where the seals end with where the chain says they do.
func (v *verifier) atEnd(last link) error {
	switch mac := last.macs[len(last.macs)-1]; {
	case last.row != v.chain.HeadRow:
		v.report.find(Truncated, last.row+1, v.chain.HeadRow, "The seals of these rows are missing: the record was cut off.")
	case !hmac.Equal(mac, v.chain.HeadMAC):
		v.report.find(Chained, 0, 0, "The record does not end with the seal that it is stated to end with.")
	}
	return nil
}

// pass is told of each place where a seal ends, the beginning included, in order.
func (v *verifier) pass(ctx context.Context, row int64, mac []byte) error {
	v.meet(row, mac)
	return v.points.upTo(ctx, row, mac)
}

// rowReader reads the events in order.
type rowReader struct {
	Reader
	next int64 // the last row read
	rows []iam.EventRow
	end  bool
}

// take reads on up to a row and gives the number and the digest of what it read.
func (r *rowReader) take(ctx context.Context, to int64) (count int64, digest [sha256.Size]byte, err error) {
	h := sha256.New()
	for {
		n := r.hash(h, to)
		count += n
		if len(r.rows) > 0 || r.end || r.next >= to {
			return count, [sha256.Size]byte(h.Sum(nil)), nil
		}
		if r.rows, err = r.EventRows(ctx, r.next, page); err != nil {
			return 0, digest, err
		}
		r.end = len(r.rows) == 0
	}
}

// hash takes the rows that are read already.
func (r *rowReader) hash(h hash.Hash, to int64) (n int64) {
	for len(r.rows) > 0 && r.rows[0].Row <= to {
		h.Write(r.rows[0].Bytes)
		r.next = r.rows[0].Row
		r.rows = r.rows[1:]
		n++
	}
	return n
}
