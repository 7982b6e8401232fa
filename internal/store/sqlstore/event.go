package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// eventRow is an event ready to be written with the change it records; nil
// records nothing.
type eventRow struct{ args []any }

func encodeEvent(ev *iam.Event) (*eventRow, error) {
	if ev == nil {
		return nil, nil
	}
	var details string
	if len(ev.Details) > 0 {
		var err error
		if details, err = encode(ev.Details); err != nil {
			return nil, err
		}
	}
	return &eventRow{[]any{ev.ID, ev.At, ev.RealmID, ev.Type, ev.ClientID, ev.UserID, ev.SessionID,
		ev.Address, ev.Error, details}}, nil
}

func (e *eventRow) insert(tx Tx) error {
	if e == nil {
		return nil
	}
	_, err := tx.Exec(`insert into event (id, at, realm_id, type, client_id, user_id, session_id, address, error, details)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, e.args...)
	return err
}

// RecordEvent writes an event that no other change carries.
func (s *Store) RecordEvent(ctx context.Context, ev iam.Event) error {
	record, err := encodeEvent(&ev)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, record.insert)
}

// Events lists a realm's events in the order of their commits from the first
// one after afterRow (0 from the start), at most limit.
func (s *Store) Events(ctx context.Context, realmID string, afterRow int64, limit int) ([]iam.Event, error) {
	return read(ctx, s.db, func(tx Tx) ([]iam.Event, error) {
		return all(tx, scanEvent, `select seq, id, at, realm_id, type, client_id, user_id, session_id, address, error, details
			from event where realm_id = $1 and seq > $2 order by seq limit $3`, realmID, afterRow, limit)
	})
}

func scanEvent(rows *sql.Rows) (e iam.Event, err error) {
	var details string
	err = rows.Scan(&e.Row, &e.ID, &e.At, &e.RealmID, &e.Type, &e.ClientID, &e.UserID, &e.SessionID,
		&e.Address, &e.Error, &details)
	if err == nil && details != "" {
		err = decode("event "+e.ID, details, &e.Details)
	}
	return e, err
}
