package sqlite

import (
	"context"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlstore"
)

// Findings are what Check found; none when both lists are empty.
type Findings struct {
	Rows int64 // with a sum, that were looked at
	// Damaged are rows that are not what was written, Broken what is wrong with
	// pages, indexes and references; at most 1000 and some.
	Damaged []iam.DamagedRow
	Broken  []string
}

// Check looks at every page, every index and the sum of every row. It reads the
// whole database: a million rows take some seconds.
func (d *DB) Check(ctx context.Context) (Findings, error) { return check(ctx, d.Store, d.engine) }

// Check is that of a DB.
func (i *Inspection) Check(ctx context.Context) (Findings, error) {
	return check(ctx, i.Store, i.db)
}

func check(ctx context.Context, s *sqlstore.Store, db sqlstore.DB) (Findings, error) {
	rows, err := s.CheckRows(ctx)
	if err != nil {
		return Findings{}, err
	}
	out := Findings{Rows: rows.Rows, Damaged: rows.Damaged, Broken: rows.Unread}
	err = db.Snapshot(ctx, func(tx sqlstore.Tx) error {
		out.Broken = append(out.Broken, pages(tx)...)
		out.Broken = append(out.Broken, references(tx)...)
		return nil
	})
	return out, err
}

// pages is what SQLite finds wrong with pages and indexes.
func pages(tx sqlstore.Tx) (found []string) {
	rows, err := tx.Query("pragma integrity_check(1000)")
	if err != nil {
		return []string{err.Error()}
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return append(found, err.Error())
		}
		if line != "ok" {
			found = append(found, line)
		}
	}
	if err := rows.Err(); err != nil {
		found = append(found, err.Error())
	}
	return found
}

// references are rows that name others which are not there.
func references(tx sqlstore.Tx) (found []string) {
	rows, err := tx.Query("pragma foreign_key_check")
	if err != nil {
		return []string{err.Error()}
	}
	defer rows.Close()
	for rows.Next() && len(found) < 1000 {
		var table, parent string
		var row, key any
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return append(found, err.Error())
		}
		found = append(found, fmt.Sprintf("a row of %s names a row of %s that is not there", table, parent))
	}
	if err := rows.Err(); err != nil {
		found = append(found, err.Error())
	}
	return found
}

// First puts one of the findings into words; "" where there is none.
func (f *Findings) First() string {
	switch {
	case len(f.Broken) > 0:
		return f.Broken[0]
	case len(f.Damaged) > 0:
		return fmt.Sprintf("row %q of table %s is not what was written", f.Damaged[0].ID, f.Damaged[0].Table)
	default:
		return ""
	}
}
