package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// Chain reads where the chain of seals begins and ends. iam.ErrNotFound: there
// is none, which no store of ours is without.
func (s *Store) Chain(ctx context.Context) (iam.Chain, error) {
	return read(ctx, s.db, func(tx Tx) (c iam.Chain, err error) {
		err = tx.QueryRow(`select base_row, base_mac, head_row, head_mac, first_point, last_point, mac
			from event_chain where id = 1`).
			Scan(&c.BaseRow, &c.BaseMAC, &c.HeadRow, &c.HeadMAC, &c.FirstPoint, &c.LastPoint, &c.MAC)
		if errors.Is(err, sql.ErrNoRows) {
			return c, iam.ErrNotFound
		}
		return c, err
	})
}

// Begin writes what a new store with the root key begins with: an empty chain
// of seals. One that is there is left alone.
func Begin(tx Tx, root []byte) error {
	c := iam.FirstChain(secret.Tag(root, iam.SealPurpose))
	_, err := tx.Exec(`insert into event_chain (id, base_row, base_mac, head_row, head_mac, first_point, last_point, mac)
		values (1, $1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
		c.BaseRow, c.BaseMAC, c.HeadRow, c.HeadMAC, c.FirstPoint, c.LastPoint, c.MAC)
	return err
}

// moveChain replaces prev by next; iam.ErrStale: the chain is another.
func moveChain(tx Tx, prev, next iam.Chain) error {
	n, err := tx.Exec(`update event_chain set base_row = $1, base_mac = $2, head_row = $3, head_mac = $4,
			first_point = $5, last_point = $6, mac = $7
		where id = 1 and base_row = $8 and base_mac = $9 and head_row = $10 and head_mac = $11
			and first_point = $12 and last_point = $13 and mac = $14`,
		next.BaseRow, next.BaseMAC, next.HeadRow, next.HeadMAC, next.FirstPoint, next.LastPoint, next.MAC,
		prev.BaseRow, prev.BaseMAC, prev.HeadRow, prev.HeadMAC, prev.FirstPoint, prev.LastPoint, prev.MAC)
	return must(n, err, iam.ErrStale)
}

// AppendSeals writes seals at the end of the chain. iam.ErrStale: the chain is
// not prev any more. What it is given must not change any more.
func (s *Store) AppendSeals(ctx context.Context, prev, next iam.Chain, seals []iam.Seal) error {
	seals = slices.Clone(seals)
	return s.db.Write(ctx, func(tx Tx) error {
		if err := moveChain(tx, prev, next); err != nil {
			return err
		}
		for _, seal := range seals {
			_, err := tx.Exec(`insert into event_seal (to_row, from_row, at, count, mac) values ($1, $2, $3, $4, $5)`,
				seal.To, seal.From, seal.At, seal.Count, seal.MAC)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PutCheckpoint writes a checkpoint of the chain. iam.ErrStale: the chain is
// not prev any more.
func (s *Store) PutCheckpoint(ctx context.Context, prev, next iam.Chain, p iam.Checkpoint) error {
	return s.db.Write(ctx, func(tx Tx) error {
		if err := moveChain(tx, prev, next); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into event_checkpoint (number, row, at, doc, signature) values ($1, $2, $3, $4, $5)`,
			p.Number, p.Row, p.At, string(p.Doc), p.Signature)
		return err
	})
}

// DropSealed removes the events and seals up to next.BaseRow and the
// checkpoints before next.FirstPoint, and tells how many events that were.
// iam.ErrStale: the chain is not prev any more.
func (s *Store) DropSealed(ctx context.Context, prev, next iam.Chain) (int64, error) {
	return write(ctx, s.db, func(tx Tx) (int64, error) {
		if err := moveChain(tx, prev, next); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`delete from event_checkpoint where number < $1`, next.FirstPoint); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`delete from event_seal where to_row <= $1`, next.BaseRow); err != nil {
			return 0, err
		}
		return tx.Exec(`delete from event where seq <= $1`, next.BaseRow)
	})
}

// SealsAfter lists the seals that end after a row, in order, at most limit.
func (s *Store) SealsAfter(ctx context.Context, row int64, limit int) ([]iam.Seal, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.Seal, error) {
		return all(tx, func(rows *sql.Rows) (seal iam.Seal, err error) {
			return seal, rows.Scan(&seal.To, &seal.From, &seal.At, &seal.Count, &seal.MAC)
		}, `select to_row, from_row, at, count, mac from event_seal where to_row > $1 order by to_row limit $2`, row, limit)
	})
}

// Checkpoints lists the checkpoints after a number, in order, at most limit.
func (s *Store) Checkpoints(ctx context.Context, after int64, limit int) ([]iam.Checkpoint, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.Checkpoint, error) {
		return all(tx, func(rows *sql.Rows) (p iam.Checkpoint, err error) {
			return p, rows.Scan(&p.Number, &p.Row, &p.At, &p.Doc, &p.Signature)
		}, `select number, row, at, doc, signature from event_checkpoint where number > $1 order by number limit $2`, after, limit)
	})
}
