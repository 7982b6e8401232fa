package grant_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// staleStore lets every conditional write lose its race.
type staleStore struct {
	*sqlite.DB
	tries int
}

func (s *staleStore) AdvanceFamily(context.Context, iam.Family, iam.Family, int64, int64, *iam.Event) error {
	s.tries++
	return fmt.Errorf("lost: %w", iam.ErrStale)
}

// joinSession lets another client take part in a's session, as a browser login
// will, and returns that client's first refresh token. No password grant joins
// a session, so the rows are written past the store.
func (r *rig) joinSession(a *grant.Answer, client string) string {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dir, sqlite.File)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	c := r.claims(a.RefreshToken)
	const own = "id, client_id"
	rest := strings.Join([]string{
		"realm_id, session_id, user_id, scope, rotating, window_ms, max_reuse, recovery, rev, gen, salt, key_id",
		"issued_at, expires_at, parent_jti, ring, superseded, reused, confirmed, revoked_at, revoke_reason, dead_at, sweep_at",
	}, ", ")
	family := "family of " + client
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`insert into client_session (session_id, client_id, started_at) values ($1, $2, $3)`, []any{c.SessionID, r.id(client), start * 1000}},
		{`insert into token_family (` + own + `, ` + rest + `) select $1, $2, ` + rest + ` from token_family where id = $3`, []any{family, r.id(client), c.Family}},
	} {
		if _, err := db.Exec(step.query, step.args...); err != nil {
			r.t.Fatal(err)
		}
	}
	v, err := r.db.Family(context.Background(), r.realm.Realm.ID, family)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.forge(a, client, func(s *token.RefreshSubject) { r.asCurrent(s, v.Family) })
}
