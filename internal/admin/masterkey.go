package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// ResealStore is what a change of the master key needs of a store.
type ResealStore interface {
	LoadConfig(ctx context.Context) (iam.ConfigRows, error)
	Users(ctx context.Context, realmID, afterID string, limit int) ([]iam.User, error)
	// SealedRootKey is the root key as stored.
	SealedRootKey(ctx context.Context) ([]byte, error)
	// Reseal changes the root key and all sealed values in one transaction;
	// iam.ErrStale: they are not all, or not what they were.
	Reseal(ctx context.Context, rootPrev, rootNext []byte, changes []iam.SealedChange, ev *iam.Event) error
}

// resealTries is how often everything is read again when something sealed
// changed between reading and writing.
const resealTries = 5

// Reseal seals everything that is sealed under one master key under another, in
// one transaction, and says how many values that were. Nothing may be sealed
// under the old key meanwhile by this process. iam.ErrUnavailable may leave the
// outcome open.
func (s *Service) Reseal(ctx context.Context, c Caller, from, to *secret.Sealer) (int, error) {
	for try := 1; ; try++ {
		n, err := s.reseal(ctx, c, from, to)
		if errors.Is(err, iam.ErrStale) && try < resealTries {
			continue
		}
		return n, answer(err, "")
	}
}

func (s *Service) reseal(ctx context.Context, c Caller, from, to *secret.Sealer) (int, error) {
	rootPrev, err := s.Sealed.SealedRootKey(ctx)
	if err != nil {
		return 0, err
	}
	root, _, err := from.UnlockRoot(rootPrev)
	if err != nil {
		return 0, oauth.Refuse(oauth.Internal).Because(fmt.Errorf("root key: %w", err))
	}
	r := resealing{from: from, to: to}
	if err := r.config(ctx, s.Sealed); err != nil {
		return 0, err
	}
	ev := s.event(c, "", adminAction, "MASTER_KEY", "master-key/rotate")
	return len(r.changes) + 1, s.Sealed.Reseal(ctx, rootPrev, to.SealRoot(root), r.changes, ev)
}

// resealing collects what becomes of each sealed value.
type resealing struct {
	from, to *secret.Sealer
	changes  []iam.SealedChange
}

func (r *resealing) config(ctx context.Context, store ResealStore) error {
	rows, err := store.LoadConfig(ctx)
	if err != nil {
		return err
	}
	if len(rows.Damaged) > 0 {
		return fmt.Errorf("%w: %s %s", iam.ErrDamaged, rows.Damaged[0].Table, rows.Damaged[0].ID)
	}
	for i := range rows.Clients {
		one := &rows.Clients[i]
		if err := r.add("client", one.ID, one.RealmID, one.SealedTexts()); err != nil {
			return err
		}
	}
	for i := range rows.Keys {
		one := &rows.Keys[i]
		if err := r.add("signing_key", one.ID, one.RealmID, one.SealedTexts()); err != nil {
			return err
		}
	}
	for i := range rows.Realms {
		one := &rows.Realms[i]
		if err := r.add("realm", one.ID, one.ID, one.SealedTexts()); err != nil {
			return err
		}
		if err := r.users(ctx, store, one.ID); err != nil {
			return err
		}
	}
	return nil
}

func (r *resealing) users(ctx context.Context, store ResealStore, realmID string) error {
	for after := ""; ; {
		page, err := store.Users(ctx, realmID, after, exportPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := r.add("users", page[i].ID, realmID, page[i].SealedTexts()); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

func (r *resealing) add(table, id, realmID string, texts []iam.SealedText) error {
	for _, t := range texts {
		sealed, err := base64.StdEncoding.DecodeString(t.Text)
		if err == nil {
			var plain []byte
			if plain, err = r.from.Open(sealed, realmID, t.ID, t.Purpose); err == nil {
				next := base64.StdEncoding.EncodeToString(r.to.Seal(plain, realmID, t.ID, t.Purpose))
				r.changes = append(r.changes, iam.SealedChange{Table: table, ID: id, Prev: t.Text, Next: next})
			}
		}
		if err != nil {
			return oauth.Refuse(oauth.Internal).Because(fmt.Errorf("%s of %s %s: %w", t.Purpose, table, id, err))
		}
	}
	return nil
}
