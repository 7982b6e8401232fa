package grant_test

import (
	"context"
	"fmt"

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
// a session.
func (r *rig) joinSession(a *grant.Answer, client string) string {
	r.t.Helper()
	ctx := context.Background()
	c := r.claims(a.RefreshToken)
	v, err := r.db.Family(ctx, r.realm.Realm.ID, c.Family)
	if err != nil {
		r.t.Fatal(err)
	}
	joined := v.Family
	joined.ID, joined.ClientID = "family of "+client, r.id(client)
	use := iam.ClientSession{SessionID: c.SessionID, ClientID: r.id(client), StartedAt: start * 1000}
	if err := r.db.JoinSession(ctx, use, joined, nil); err != nil {
		r.t.Fatal(err)
	}
	if v, err = r.db.Family(ctx, r.realm.Realm.ID, joined.ID); err != nil {
		r.t.Fatal(err)
	}
	return r.forge(a, client, func(s *token.RefreshSubject) { r.asCurrent(s, v.Family) })
}
