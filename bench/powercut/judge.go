package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-a6a28e10/usher/bench/people"
	"github.com/seed-a6a28e10/usher/internal/audit"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
)

// judge opens what a cut left, without any repair, and compares.
func (rec *recording) judge(ctx context.Context, dir string, event int, lives []*biography) error {
	var damaged atomic.Value
	db, err := sqlite.Open(ctx, sqlite.Options{
		Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler), Unlock: rec.unlock,
		Damaged: func(table, id string) { damaged.Store(table + " " + id) },
	})
	if err != nil {
		return fmt.Errorf("does not open: %w", err)
	}
	err = errors.Join(sound(ctx, db), compare(ctx, db, event, lives))
	if row := damaged.Load(); row != nil {
		err = errors.Join(err, fmt.Errorf("a row is damaged: %v", row))
	}
	return errors.Join(err, db.Close())
}

func sound(ctx context.Context, db *sqlite.DB) error {
	found, err := db.Check(ctx)
	if err != nil {
		return fmt.Errorf("cannot be checked: %w", err)
	}
	if first := found.First(); first != "" {
		return fmt.Errorf("is damaged: %s", first)
	}
	r, err := audit.Verify(ctx, db, audit.NewKeys(db.RootKey()), nil)
	if err != nil {
		return fmt.Errorf("the record of events cannot be verified: %w", err)
	}
	if len(r.Findings) > 0 {
		return fmt.Errorf("the record of events looks changed: %+v", r.Findings)
	}
	return nil
}

// compare holds every person's rows against what the person was told.
func compare(ctx context.Context, db *sqlite.DB, event int, lives []*biography) error {
	rows, err := db.LoadConfig(ctx)
	if err != nil {
		return err
	}
	if len(rows.Damaged) > 0 {
		return fmt.Errorf("the configuration is damaged: %+v", rows.Damaged)
	}
	var errs []error
	for _, realm := range people.Realms() {
		i := slices.IndexFunc(rows.Realms, func(r iam.Realm) bool { return r.Name == realm.Name })
		var stored map[string]*facts
		if i >= 0 {
			if stored, err = read(ctx, db, rows.Realms[i].ID); err != nil {
				return err
			}
		}
		for _, b := range lives {
			if b.Realm != realm.Name || b.User == "" || b.open(event) {
				continue
			}
			before, next, _ := b.at(event)
			if stored == nil && len(before.events) == 0 {
				continue // nothing was promised yet
			}
			if err := same(stored[b.User], before, next); err != nil {
				errs = append(errs, fmt.Errorf("%s of %s: %w", b.Name, b.Realm, err))
			}
		}
	}
	return errors.Join(errs...)
}

func same(stored *facts, before facts, next *facts) error {
	if stored == nil {
		return errors.New("the user is gone")
	}
	is := stored.String()
	if is == before.String() || next != nil && is == next.String() {
		return nil
	}
	text := "what is stored was never so; acknowledged:\n" + before.String() + "stored:\n" + is
	if next != nil {
		text += "or, with the act under way:\n" + next.String()
	}
	return errors.New(text)
}

// most rows of each kind: a recording is short.
const most = 100_000

// read collects the facts about a realm's users, by their ids.
func read(ctx context.Context, db *sqlite.DB, realm string) (map[string]*facts, error) {
	users, err := db.Users(ctx, realm, "", most)
	if err != nil {
		return nil, err
	}
	all := map[string]*facts{}
	for _, u := range users {
		all[u.ID] = &facts{epoch: u.Epoch - 1, disabled: !u.Enabled, sessions: map[string]int64{}, refused: map[string]bool{}, events: map[string]int{}}
	}
	sessions, err := db.Sessions(ctx, realm, iam.SessionQuery{Limit: most})
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if len(s.Clients) != 1 || s.Clients[0].RevokedAt != 0 {
			return nil, fmt.Errorf("half a session: %+v", s)
		}
		all[s.UserID].sessions[s.ID] = s.Clients[0].Gen
	}
	return all, events(ctx, db, realm, all)
}

// events reads the record, and the feed of what is refused: each of its entries
// belongs to the one whose event it came with.
func events(ctx context.Context, db *sqlite.DB, realm string, all map[string]*facts) error {
	list, err := db.FindEvents(ctx, iam.EventQuery{RealmID: realm, Limit: most})
	if err != nil {
		return err
	}
	owner := map[string]string{} // of sessions and access tokens
	for _, e := range list {
		f := all[e.UserID]
		if f == nil || e.Error != "" {
			continue
		}
		key := e.Type
		if !strings.HasPrefix(key, "ADMIN_") {
			key += " " + e.SessionID
		}
		f.events[key]++
		owner[e.SessionID], owner[e.Details["token_id"]] = e.UserID, e.UserID
	}
	feed, err := db.Revocations(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range feed {
		switch r.Kind {
		case iam.RevokeToken, iam.RevokeSession:
			if f := all[owner[r.ID]]; f != nil {
				f.refused[r.ID] = true
			}
		}
	}
	return nil
}
