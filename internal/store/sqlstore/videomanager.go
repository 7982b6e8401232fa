package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

const insertMember = `insert into vm_member (realm_id, vm_id, user_id, sum) values ($1, $2, $3, $4)`

func (s *Store) memberArgs(realmID string, vmID int64, userID string) []any {
	return []any{realmID, vmID, userID, s.sums.member(realmID, vmID, userID)}
}

func (s *Store) insertMembership(tx Tx, realmID string, m vms.Membership) error {
	v := m.VideoManager
	v.RealmID = realmID
	conf := configuration(v.Configuration)
	_, err := tx.Exec(`insert into video_manager (realm_id, id, name, uuid, configuration, sum) values ($1, $2, $3, $4, $5, $6)`,
		realmID, v.ID, v.Name, v.UUID, conf, s.sums.videoManager(&v, conf))
	if err != nil {
		return fmt.Errorf("VideoManager %d: %w", v.ID, err)
	}
	for _, user := range m.Members {
		if _, err := tx.Exec(insertMember, s.memberArgs(realmID, v.ID, user)...); err != nil {
			return fmt.Errorf("member %s of VideoManager %d: %w", user, v.ID, err)
		}
	}
	return nil
}

// copyMemberships shares nothing with the caller, who may give up waiting.
func copyMemberships(in []vms.Membership) []vms.Membership {
	out := slices.Clone(in)
	for i := range out {
		out[i].Members = slices.Clone(out[i].Members)
		out[i].VideoManager.Configuration = slices.Clone(out[i].VideoManager.Configuration)
	}
	return out
}

func configuration(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

const managerColumns = `v.realm_id, v.id, v.name, v.uuid, v.configuration, v.sum`

// fillVideoManager takes managerColumns.
func (s *Store) fillVideoManager(r *row) (vms.VideoManager, error) {
	v := vms.VideoManager{RealmID: r.text(), ID: r.number(), Name: r.text(), UUID: r.text()}
	conf, sum := r.text(), r.number()
	v.Configuration = json.RawMessage(conf)
	if r.err != nil {
		return v, s.sums.broken(tableManager, managerName(&v), r.err)
	}
	if sum != s.sums.videoManager(&v, conf) {
		return v, s.sums.damaged(tableManager, managerName(&v))
	}
	return v, nil
}

// VideoManagersOf lists the VideoManagers whose member the user is, by id.
func (s *Store) VideoManagersOf(ctx context.Context, realmID, userID string) ([]vms.VideoManager, error) {
	return read(ctx, s.db, func(tx Tx) ([]vms.VideoManager, error) {
		return all(tx, func(rows *sql.Rows) (vms.VideoManager, error) {
			r, err := scanRow(rows)
			if err != nil {
				return vms.VideoManager{}, err
			}
			vmID, sum := r.number(), r.number()
			if err := s.checkMember(r, realmID, vmID, userID, sum); err != nil {
				return vms.VideoManager{}, err
			}
			return s.fillVideoManager(r)
		}, `select m.vm_id, m.sum, `+managerColumns+`
			from vm_member m join video_manager v on v.realm_id = m.realm_id and v.id = m.vm_id
			where m.user_id = $1 and m.realm_id = $2 order by v.id`, userID, realmID)
	})
}

func (s *Store) checkMember(r *row, realmID string, vmID int64, userID string, sum int64) error {
	if r.err == nil && sum == s.sums.member(realmID, vmID, userID) {
		return nil
	}
	return s.sums.damaged(tableMember, memberName(realmID, vmID, userID))
}

// VideoManagers lists a realm's VideoManagers by id, with their members' ids
// in ascending order.
func (s *Store) VideoManagers(ctx context.Context, realmID string) ([]vms.Membership, error) {
	var out []vms.Membership
	err := s.db.Snapshot(ctx, func(tx Tx) error {
		managers, err := all(tx, func(rows *sql.Rows) (vms.VideoManager, error) {
			r, err := scanRow(rows)
			if err != nil {
				return vms.VideoManager{}, err
			}
			return s.fillVideoManager(r)
		}, `select `+managerColumns+` from video_manager v where realm_id = $1 order by id`, realmID)
		if err != nil {
			return err
		}
		for _, v := range managers {
			members, err := s.members(tx, realmID, v.ID)
			if err != nil {
				return err
			}
			out = append(out, vms.Membership{VideoManager: v, Members: members})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// members lists the ids of a VideoManager's members, ascending.
func (s *Store) members(tx Tx, realmID string, vmID int64) ([]string, error) {
	return all(tx, func(rows *sql.Rows) (string, error) {
		r, err := scanRow(rows)
		if err != nil {
			return "", err
		}
		user, sum := r.text(), r.number()
		return user, s.checkMember(r, realmID, vmID, user, sum)
	}, `select user_id, sum from vm_member where realm_id = $1 and vm_id = $2 order by user_id`, realmID, vmID)
}
