package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-a6a28e10/usher/internal/vms"
)

// Managers is one page of a realm's VideoManagers by id, each with the number of
// its members, from the first one after the given id, at most limit.
func (s *Store) Managers(ctx context.Context, realmID string, after int64, limit int) ([]vms.Counted, error) {
	return read(ctx, s.db, func(tx Tx) ([]vms.Counted, error) {
		return all(tx, func(rows *sql.Rows) (vms.Counted, error) {
			r, err := scanRow(rows)
			if err != nil {
				return vms.Counted{}, err
			}
			n := int(r.number())
			v, err := s.fillVideoManager(r)
			return vms.Counted{VideoManager: v, Members: n}, err
		}, `select (select count(*) from vm_member m where m.realm_id = v.realm_id and m.vm_id = v.id), `+managerColumns+`
			from video_manager v where v.realm_id = $1 and v.id > $2 order by v.id limit $3`, realmID, after, limit)
	})
}

// LastManager is the largest id of a VideoManager in any realm; 0 when there is
// none.
func (s *Store) LastManager(ctx context.Context) (int64, error) {
	return read(ctx, s.db, func(tx Tx) (id int64, err error) {
		err = tx.QueryRow(`select coalesce(max(id), 0) from video_manager`).Scan(&id)
		return id, err
	})
}
