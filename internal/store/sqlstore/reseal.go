package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// SealedRootKey is the store's root key as it is stored; nil in a store that was
// opened without a master key.
func (s *Store) SealedRootKey(ctx context.Context) ([]byte, error) {
	return read(ctx, s.db, sealedRootKey)
}

func sealedRootKey(tx Tx) (sealed []byte, err error) {
	err = tx.QueryRow(`select sealed from store_key where id = 1`).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

// Reseal puts the values sealed under another master key in the place of all
// that are sealed, the root key among them, in one transaction. iam.ErrStale:
// one of them is not what it was, or there is one more; nothing was written.
func (s *Store) Reseal(ctx context.Context, rootPrev, rootNext []byte, changes []iam.SealedChange, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	rootPrev, rootNext = bytes.Clone(rootPrev), bytes.Clone(rootNext)
	byRow := make(map[sealedRow][]iam.SealedChange, len(changes))
	for _, c := range changes {
		at := sealedRow{c.Table, c.ID}
		byRow[at] = append(byRow[at], c)
	}
	return s.db.Write(ctx, func(tx Tx) error {
		stored, err := sealedRootKey(tx)
		if err != nil {
			return err
		}
		if !bytes.Equal(stored, rootPrev) {
			return iam.ErrStale
		}
		if _, err := tx.Exec(`insert into store_key (id, sealed) values (1, $1)
			on conflict (id) do update set sealed = excluded.sealed`, rootNext); err != nil {
			return err
		}
		done := 0
		for _, t := range s.sealedTables() {
			n, err := s.resealTable(tx, t, byRow)
			if err != nil {
				return err
			}
			done += n
		}
		if done != len(byRow) {
			return fmt.Errorf("%d of %d sealed rows are gone: %w", len(byRow)-done, len(byRow), iam.ErrStale)
		}
		if err := moveConfig(tx); err != nil {
			return err
		}
		return record.insert(tx)
	})
}

type sealedRow struct{ table, id string }

// sealedTable is a table whose documents hold sealed values.
type sealedTable struct {
	name string
	// columns are what sum takes beside id and doc, in its order.
	columns string
	sum     func(id string, r *row, doc string) int64
	// texts lists what is sealed in a document.
	texts func(id, doc string) ([]iam.SealedText, error)
}

func (s *Store) sealedTables() []sealedTable {
	return []sealedTable{
		{"realm", "name",
			func(id string, r *row, doc string) int64 { return s.sums.realm(id, r.text(), doc) },
			func(id, doc string) ([]iam.SealedText, error) {
				var v iam.Realm
				err := decode("realm "+id, doc, &v)
				return v.SealedTexts(), err
			}},
		{"client", "realm_id, client_id",
			func(id string, r *row, doc string) int64 { return s.sums.client(id, r.text(), r.text(), doc) },
			func(id, doc string) ([]iam.SealedText, error) {
				var v iam.Client
				err := decode("client "+id, doc, &v)
				return v.SealedTexts(), err
			}},
		{"signing_key", "realm_id, kid",
			func(id string, r *row, doc string) int64 { return s.sums.key(id, r.text(), r.text(), doc) },
			func(id, doc string) ([]iam.SealedText, error) {
				var v iam.Key
				err := decode("key "+id, doc, &v)
				return v.SealedTexts(), err
			}},
		{"users", "realm_id, enabled, epoch",
			func(id string, r *row, doc string) int64 { return s.sums.user(id, r.text(), r.flag(), r.number(), doc) },
			func(id, doc string) ([]iam.SealedText, error) {
				var v iam.User
				err := decode("user "+id, doc, &v)
				return v.SealedTexts(), err
			}},
	}
}

// resealPage is how many rows are read at a time.
const resealPage = 500

// resealTable changes the rows of one table and counts them. It looks at every
// row that may hold something sealed, so that none is left behind.
func (s *Store) resealTable(tx Tx, t sealedTable, byRow map[sealedRow][]iam.SealedChange) (done int, err error) {
	for after := ""; ; {
		rows, err := all(tx, scanRow, `select id, doc, sum, `+t.columns+` from `+t.name+`
			where id > $1 and (doc like '%"sealed%' or doc like '%"secretData":%') order by id limit $2`, after, resealPage)
		if err != nil || len(rows) == 0 {
			return done, err
		}
		for _, r := range rows {
			id, doc, stored := r.text(), r.text(), r.number()
			after = id
			was := *r // a damaged row is not vouched for anew
			if err := s.sums.check(t.name, id, stored, t.sum(id, &was, doc)); err != nil {
				return done, err
			}
			changes := byRow[sealedRow{t.name, id}]
			next, err := t.reseal(id, doc, changes)
			if err != nil {
				return done, err
			}
			if next == doc {
				continue
			}
			sum := t.sum(id, r, next)
			if r.err != nil {
				return done, r.err
			}
			if _, err := tx.Exec(`update `+t.name+` set doc = $1, sum = $2 where id = $3`, next, sum, id); err != nil {
				return done, err
			}
			done++
		}
	}
}

// reseal is the document with the changes made; iam.ErrStale unless they are
// about all that is sealed in it.
func (t sealedTable) reseal(id, doc string, changes []iam.SealedChange) (string, error) {
	stale := fmt.Errorf("%s %s: %w", t.name, id, iam.ErrStale)
	texts, err := t.texts(id, doc)
	if err != nil {
		return "", err
	}
	if len(texts) != len(changes) {
		return "", stale
	}
	for _, c := range changes {
		prev, next := `"`+c.Prev+`"`, `"`+c.Next+`"`
		if strings.Count(doc, prev) != 1 {
			return "", stale
		}
		doc = strings.Replace(doc, prev, next, 1)
	}
	return doc, nil
}
