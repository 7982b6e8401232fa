package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/vms"
)

// AddVideoManager writes a VideoManager without members into an existing realm.
// iam.ErrConflict: the id or UUID is taken; iam.ErrNotFound: no such realm.
func (s *Store) AddVideoManager(ctx context.Context, realmID string, v vms.VideoManager, ev *iam.Event) error {
	record, err := encodeEvent(ev)
	if err != nil {
		return err
	}
	managers := copyMemberships([]vms.Membership{{VideoManager: v}})
	return s.db.Write(ctx, func(tx Tx) error {
		if err := s.insertMembership(tx, realmID, managers[0]); err != nil {
			return err
		}
		return record.insert(tx)
	})
}

// ChangeMembers makes users members of a VideoManager, and others not. It
// returns a feed entry for each user whom it changed something for; where that
// is nobody, no event is written. iam.ErrNotFound: no such VideoManager, or one
// of those to be added is no user of the realm.
func (s *Store) ChangeMembers(ctx context.Context, realmID string, vmID int64, add, remove []string, until int64, ev *iam.Event) ([]iam.Revocation, error) {
	record, err := encodeEvent(ev)
	if err != nil {
		return nil, err
	}
	add, remove = slices.Clone(add), slices.Clone(remove)
	return write(ctx, s.db, func(tx Tx) ([]iam.Revocation, error) {
		if err := exists(tx, `select 1 from video_manager where realm_id = $1 and id = $2`, realmID, vmID); err != nil {
			return nil, err
		}
		var moved []iam.Revocation
		note := func(n int64, user string) {
			if n > 0 {
				moved = append(moved, iam.Revocation{RealmID: realmID, Kind: iam.ForgetMembers, ID: user, Until: until})
			}
		}
		for _, user := range add {
			if err := exists(tx, `select 1 from users where id = $1 and realm_id = $2`, user, realmID); err != nil {
				return nil, err
			}
			n, err := tx.Exec(insertMember+` on conflict do nothing`, s.memberArgs(realmID, vmID, user)...)
			if err != nil {
				return nil, err
			}
			note(n, user)
		}
		for _, user := range remove {
			n, err := tx.Exec(`delete from vm_member where realm_id = $1 and vm_id = $2 and user_id = $3`, realmID, vmID, user)
			if err != nil {
				return nil, err
			}
			note(n, user)
		}
		if len(moved) == 0 {
			return nil, nil
		}
		if err := record.insert(tx); err != nil {
			return nil, err
		}
		return s.revoke(tx, moved...)
	})
}

// MembersOf is one page of a VideoManager's members by ascending user id, from
// the first one after afterID ("" from the start), at most limit.
// iam.ErrNotFound: no such VideoManager.
func (s *Store) MembersOf(ctx context.Context, realmID string, vmID int64, afterID string, limit int) ([]iam.Member, error) {
	var out []iam.Member
	err := s.db.Snapshot(ctx, func(tx Tx) (err error) {
		if err := exists(tx, `select 1 from video_manager where realm_id = $1 and id = $2`, realmID, vmID); err != nil {
			return err
		}
		out, err = all(tx, func(rows *sql.Rows) (iam.Member, error) {
			return s.scanMember(rows, realmID, vmID)
		}, `select m.user_id, m.sum, u.username from vm_member m join users u on u.id = m.user_id
			where m.realm_id = $1 and m.vm_id = $2 and m.user_id > $3 order by m.user_id limit $4`,
			realmID, vmID, afterID, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) scanMember(rows *sql.Rows, realmID string, vmID int64) (iam.Member, error) {
	r, err := scanRow(rows)
	if err != nil {
		return iam.Member{}, err
	}
	m, sum := iam.Member{UserID: r.text()}, r.number()
	m.Username = r.text()
	name := fmt.Sprintf("%s/%d/%s", realmID, vmID, m.UserID)
	if r.err != nil {
		return m, s.sums.broken(tableMember, name, r.err)
	}
	return m, s.sums.check(tableMember, name, sum, s.sums.member(realmID, vmID, m.UserID))
}
