package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

const insertMember = `insert into vm_member (realm_id, vm_id, user_id) values ($1, $2, $3)`

func insertMembership(tx Tx, realmID string, m vms.Membership) error {
	v := m.VideoManager
	_, err := tx.Exec(`insert into video_manager (realm_id, id, name, uuid, configuration) values ($1, $2, $3, $4, $5)`,
		realmID, v.ID, v.Name, v.UUID, configuration(v.Configuration))
	if err != nil {
		return fmt.Errorf("VideoManager %d: %w", v.ID, err)
	}
	for _, user := range m.Members {
		if _, err := tx.Exec(insertMember, realmID, v.ID, user); err != nil {
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

func scanVideoManager(rows *sql.Rows) (v vms.VideoManager, err error) {
	var conf string
	err = rows.Scan(&v.RealmID, &v.ID, &v.Name, &v.UUID, &conf)
	v.Configuration = json.RawMessage(conf)
	return v, err
}

// VideoManagersOf lists the VideoManagers whose member the user is, by id.
func (s *Store) VideoManagersOf(ctx context.Context, realmID, userID string) ([]vms.VideoManager, error) {
	return read(ctx, s.db, func(tx Tx) ([]vms.VideoManager, error) {
		return all(tx, scanVideoManager, `select v.realm_id, v.id, v.name, v.uuid, v.configuration
			from vm_member m join video_manager v on v.realm_id = m.realm_id and v.id = m.vm_id
			where m.user_id = $1 and m.realm_id = $2 order by v.id`, userID, realmID)
	})
}

// VideoManagers lists a realm's VideoManagers by id, with their members' ids
// in ascending order.
func (s *Store) VideoManagers(ctx context.Context, realmID string) ([]vms.Membership, error) {
	var out []vms.Membership
	err := s.db.Snapshot(ctx, func(tx Tx) error {
		managers, err := all(tx, scanVideoManager, `select realm_id, id, name, uuid, configuration
			from video_manager where realm_id = $1 order by id`, realmID)
		if err != nil {
			return err
		}
		for _, v := range managers {
			members, err := all(tx, text, `select user_id from vm_member
				where realm_id = $1 and vm_id = $2 order by user_id`, realmID, v.ID)
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
