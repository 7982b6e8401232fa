package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// MergeRealm makes the changes of an import in one realm, with the users of its
// batch, all or nothing, and moves the configuration version. Users whose
// password or enabled changes, and who become members, get feed entries; those
// whose password changes lose their sessions. iam.ErrStale: the realm, a client
// or a user is not what the change was decided upon; iam.ErrConflict: a name or
// an id is taken, or was a deleted user's.
func (s *Store) MergeRealm(ctx context.Context, m iam.RealmMerge, managers []vms.VideoManager, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	plan, err := s.encodeMerge(m, managers)
	if err != nil {
		return nil, err
	}
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if err := s.mergeConfig(tx, plan); err != nil {
			return nil, err
		}
		rev, err := s.mergeUsers(tx, plan)
		if err != nil {
			return nil, err
		}
		if err := dropStage(tx, plan.batch); err != nil {
			return nil, err
		}
		if err := moveConfig(tx); err != nil {
			return nil, err
		}
		return rev, record.insert(tx)
	})
}

// mergePlan shares nothing with the caller.
type mergePlan struct {
	realm, batch string
	at, until    int64
	rows         []pending // new ones
	changes      []replacement
	managers     []vms.Membership
	members      []iam.MemberChange
}

// replacement writes a document over the one that was decided upon.
type replacement struct {
	row pending
	was string
	// read reads the stored one, encoded as was is.
	read func(tx Tx) (string, error)
}

func (s *Store) encodeMerge(m iam.RealmMerge, managers []vms.VideoManager) (*mergePlan, error) {
	plan := &mergePlan{realm: m.Next.ID, batch: m.Batch, at: m.At, until: m.Until, members: slices.Clone(m.Members)}
	for _, v := range managers {
		plan.managers = append(plan.managers, vms.Membership{VideoManager: v})
	}
	plan.managers = copyMemberships(plan.managers)
	if err := s.encodeMergedRealm(plan, m); err != nil {
		return nil, err
	}
	for i := range m.Clients {
		row, err := s.encodeClient(plan.realm, &m.Clients[i])
		if err != nil {
			return nil, err
		}
		plan.rows = append(plan.rows, row)
	}
	for i := range m.Keys {
		row, err := s.encodeKey(plan.realm, &m.Keys[i])
		if err != nil {
			return nil, err
		}
		plan.rows = append(plan.rows, row)
	}
	for i := range m.Changed {
		if err := s.encodeMergedClient(plan, &m.Changed[i]); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

func (s *Store) encodeMergedRealm(plan *mergePlan, m iam.RealmMerge) error {
	next := m.Next
	doc, err := encode(next)
	if err != nil {
		return err
	}
	sum := s.sums.realm(next.ID, next.Name, doc)
	if m.Prev == nil {
		plan.rows = append(plan.rows, pending{"realm " + next.Name, insertRealm, []any{next.ID, next.Name, doc, sum}})
		return nil
	}
	was, err := encode(*m.Prev)
	plan.changes = append(plan.changes, replacement{
		was: was,
		row: pending{"realm " + next.Name, `update realm set name = $2, doc = $3, sum = $4 where id = $1`, []any{next.ID, next.Name, doc, sum}},
		read: func(tx Tx) (string, error) {
			rows, err := storedRows(tx, s.fillRealm, `select id, name, doc, sum from realm where id = $1`, next.ID)
			return encodedOne(rows, err)
		},
	})
	return err
}

func (s *Store) encodeMergedClient(plan *mergePlan, c *iam.ClientChange) error {
	next, realm := c.Next, plan.realm
	was, err := encode(c.Prev)
	if err != nil {
		return err
	}
	doc, err := encode(next)
	plan.changes = append(plan.changes, replacement{
		was: was,
		row: pending{"client " + next.ClientID, `update client set doc = $2, sum = $3 where id = $1`,
			[]any{next.ID, doc, s.sums.client(next.ID, realm, next.ClientID, doc)}},
		read: func(tx Tx) (string, error) {
			rows, err := storedRows(tx, s.fillClient,
				`select realm_id, id, client_id, doc, sum from client where id = $1 and realm_id = $2`, next.ID, realm)
			return encodedOne(rows, err)
		},
	})
	return err
}

// encodedOne is the one row an id finds, encoded; iam.ErrStale: it is gone.
func encodedOne[T any](rows []T, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", iam.ErrStale
	}
	return encode(rows[0])
}

func (s *Store) mergeConfig(tx Tx, plan *mergePlan) error {
	for _, c := range plan.changes {
		is, err := c.read(tx)
		if err != nil {
			return err
		}
		if is != c.was {
			return fmt.Errorf("%s: %w", c.row.what, iam.ErrStale)
		}
		if err := c.row.insert(tx); err != nil {
			return err
		}
	}
	if err := insertAll(tx, plan.rows); err != nil {
		return err
	}
	for _, m := range plan.managers {
		if err := s.insertMembership(tx, plan.realm, m); err != nil {
			return err
		}
	}
	return nil
}

const mergedColumns = `id, realm_id, username, email, enabled, epoch, doc, sum, pw_id, pw_label, pw_created_at, pw_secret, pw_data, pw_sum`

// mergeUsers moves the batch in.
func (s *Store) mergeUsers(tx Tx, plan *mergePlan) ([]iam.Revocation, error) {
	err := exists(tx, `select 1 from import_user i join deleted_user d on d.id = i.id where i.batch = $1 limit 1`, plan.batch)
	if err == nil {
		return nil, iam.ErrConflict
	}
	if !errors.Is(err, iam.ErrNotFound) {
		return nil, err
	}
	_, err = tx.Exec(`insert into users (`+mergedColumns+`) select `+mergedColumns+`
		from import_user where batch = $1 and prev is null order by seq`, plan.batch)
	if err != nil {
		return nil, err
	}
	rev, err := s.replaceStaged(tx, plan)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`insert into vm_member (realm_id, vm_id, user_id, sum)
		select realm_id, vm_id, user_id, sum from import_member where batch = $1`, plan.batch)
	if err != nil {
		return nil, err
	}
	var joined []iam.Revocation
	for _, m := range plan.members {
		n, err := tx.Exec(insertMember+` on conflict do nothing`, s.memberArgs(plan.realm, m.VideoManager, m.UserID)...)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			joined = append(joined, iam.Revocation{RealmID: plan.realm, Kind: iam.ForgetMembers, ID: m.UserID, Until: plan.until})
		}
	}
	joined, err = s.revoke(tx, joined...)
	return append(rev, joined...), err
}
