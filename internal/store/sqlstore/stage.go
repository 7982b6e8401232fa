package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// UserIDs says of each id that is a user's, or was, in whatever realm, what
// became of it. Others are not in the answer.
func (s *Store) UserIDs(ctx context.Context, ids []string) (map[string]iam.IDUse, error) {
	out := map[string]iam.IDUse{}
	err := s.db.Snapshot(ctx, func(tx Tx) error {
		for _, id := range ids {
			for use, query := range map[iam.IDUse]string{
				iam.IDUsed: `select 1 from users where id = $1`, iam.IDDeleted: `select 1 from deleted_user where id = $1`,
			} {
				err := exists(tx, query, id)
				if err == nil {
					out[id] = use
				} else if !errors.Is(err, iam.ErrNotFound) {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// StageUsers puts users of a realm, which need not exist yet, aside under the
// name of a batch, with their memberships. Nobody sees them until MergeRealm.
func (s *Store) StageUsers(ctx context.Context, batch, realmID string, users []iam.StagedUser) error {
	rows := make([]pending, 0, len(users))
	for i := range users {
		row, err := s.encodeStaged(batch, realmID, &users[i])
		if err != nil {
			return err
		}
		rows = append(rows, row)
		for _, vm := range users[i].MemberOf {
			rows = append(rows, pending{"a staged member", `insert into import_member (batch, realm_id, vm_id, user_id, sum) values ($1, $2, $3, $4, $5)`,
				append([]any{batch}, s.memberArgs(realmID, vm, users[i].User.ID)...)})
		}
	}
	return s.db.Write(ctx, func(tx Tx) error {
		for _, row := range rows {
			args := row.args
			if row.what == stagedUser {
				args = append(args[:len(args):len(args)], tx.Now())
			}
			if _, err := tx.Exec(row.query, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

const stagedUser = "a staged user"

func (s *Store) encodeStaged(batch, realmID string, in *iam.StagedUser) (pending, error) {
	u := in.User
	doc, err := encode(u)
	if err != nil {
		return pending{}, err
	}
	var prev any
	change := in.Replaces == nil
	if in.Replaces != nil {
		if prev, err = encode(*in.Replaces); err != nil {
			return pending{}, err
		}
		change = !samePassword(u.Password, in.Replaces.Password)
	}
	args := []any{batch, u.ID, realmID, iam.CanonicalName(u.Username), iam.CanonicalName(u.Email), flag(u.Enabled), int64(firstEpoch), doc,
		s.sums.user(u.ID, realmID, u.Enabled, firstEpoch, doc), s.sums.password(u.ID, firstEpoch, u.Password), flag(change), prev}
	return pending{stagedUser, `insert into import_user (batch, id, realm_id, username, email, enabled, epoch, doc, sum, pw_sum, pw_change, prev,
			pw_id, pw_label, pw_created_at, pw_secret, pw_data, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		append(args, password(u.Password)...)}, nil
}

func samePassword(a, b *iam.Credential) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// DropStage forgets a batch.
func (s *Store) DropStage(ctx context.Context, batch string) error {
	return s.db.Write(ctx, func(tx Tx) error { return dropStage(tx, batch) })
}

func dropStage(tx Tx, batch string) error {
	if _, err := tx.Exec(`delete from import_user where batch = $1`, batch); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from import_member where batch = $1`, batch)
	return err
}

// stageLife is how long, in ms, an import may take before it counts as given up.
const stageLife = 24 * 3600 * 1000

// sweepStage forgets the batches of imports whose process ended.
func sweepStage(tx Tx, now int64, n int) (swept, error) {
	batches, err := all(tx, func(rows *sql.Rows) (batch string, err error) {
		err = rows.Scan(&batch)
		return batch, err
	}, `select batch from import_user where at < $1 limit 1`, now-stageLife)
	if err != nil || len(batches) == 0 {
		return swept{}, err
	}
	deleted, err := tx.Exec(`delete from import_user where seq in (select seq from import_user where batch = $1 limit $2)`, batches[0], n)
	if err != nil || deleted == int64(n) {
		return swept{looked: int(deleted), deleted: int(deleted)}, err
	}
	return swept{looked: int(deleted), deleted: int(deleted)}, dropStage(tx, batches[0])
}
