package sqlstore

import (
	"context"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// FindUsers is one page of a realm's users by ascending user name.
func (s *Store) FindUsers(ctx context.Context, realmID string, q iam.UserQuery) ([]iam.User, error) {
	if !storable(q.Search) || !storable(q.After) {
		return nil, nil
	}
	pattern := "%" + escapeLike(strings.ToLower(q.Search)) + "%"
	return read(ctx, s.db, func(tx Tx) ([]iam.User, error) {
		if q.Search == "" {
			return s.users(tx, selectUser+`
				where u.realm_id = $1 and u.username > $2 order by u.username limit $3`, realmID, q.After, q.Limit)
		}
		return s.users(tx, selectUser+`
			where u.realm_id = $1 and u.username > $2
				and (u.username like $3 escape '\' or u.email like $3 escape '\')
			order by u.username limit $4`, realmID, q.After, pattern, q.Limit)
	})
}

// escapeLike makes text that stands for itself in a pattern.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// CountUsers counts a realm's users, service accounts included.
func (s *Store) CountUsers(ctx context.Context, realmID string) (int, error) {
	return read(ctx, s.db, func(tx Tx) (n int, err error) {
		err = tx.QueryRow(`select count(*) from users where realm_id = $1`, realmID).Scan(&n)
		return n, err
	})
}
