package grant_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/store/sqlite"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// freeSigner costs nothing, so that the rest can be seen.
type freeSigner struct{}

func (freeSigner) Sign([]byte) ([]byte, error) { return make([]byte, 64), nil }

// heldStore answers reads from memory and takes writes for done.
type heldStore struct {
	*sqlite.DB
	view iam.FamilyView
}

func (h *heldStore) Family(context.Context, string, string) (iam.FamilyView, error) {
	v := h.view
	user, session := *v.User, *v.Session
	v.User, v.Session = &user, &session
	return v, nil
}

func (h *heldStore) AdvanceFamily(context.Context, iam.Family, iam.Family, int64, int64, *iam.Event) error {
	return nil
}

// BenchmarkRefresh is a refresh with openid whose store and whose two
// signatures cost nothing: what Usher adds to them. The SQLite runs have a real
// store below.
func BenchmarkRefresh(b *testing.B) {
	for _, client := range []string{"anonymous", "rotating"} {
		b.Run(client+"/alone", func(b *testing.B) {
			r := newRig(b)
			a := r.login(client)
			view, err := r.db.Family(b.Context(), r.realm.Realm.ID, r.claims(a.AccessToken).Family)
			if err != nil {
				b.Fatal(err)
			}
			r.realm.Keys.Signing["EdDSA"] = token.SigningKey{KID: "e1", Alg: "EdDSA", Signer: freeSigner{}}
			run(b, r.service(&heldStore{DB: r.db, view: view}), r, client, a.RefreshToken, false)
		})
		b.Run(client+"/sqlite", func(b *testing.B) {
			r := newRig(b)
			a := r.login(client)
			r.realm.Keys.Signing["EdDSA"] = token.SigningKey{KID: "e1", Alg: "EdDSA", Signer: freeSigner{}}
			run(b, r.svc, r, client, a.RefreshToken, client == "rotating")
		})
	}
}

func run(b *testing.B, svc *grant.Service, r *rig, client, raw string, follow bool) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		res, err := svc.Token(context.Background(), r.realm, refreshForm(client, raw))
		if err != nil {
			b.Fatal(err)
		}
		if follow {
			raw = res.Answer.RefreshToken
			r.clock.wait(time.Millisecond)
		}
	}
}
