package grant_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/grant"
	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/oauth"
	"github.com/seed-a6a28e10/usher/internal/token"
)

// RT1 (rotation): of 1,000 parallel presentations of one token one rotates, 64
// more get the same new token, the rest are told to slow down, and nobody is
// logged out.
func TestRT1_ParallelPresentations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	var (
		mu      sync.Mutex
		answers = map[string]int{}
		faults  = map[oauth.Fault]int{}
		wg      sync.WaitGroup
	)
	for range 1000 {
		wg.Go(func() {
			res, err := r.svc.Token(context.Background(), r.realm, refreshForm("rotating", a.RefreshToken))
			mu.Lock()
			defer mu.Unlock()
			if refused := new(oauth.Error); errors.As(err, &refused) {
				faults[refused.Fault]++
				return
			}
			answers[res.Answer.RefreshToken]++
		})
	}
	wg.Wait()
	if len(answers) != 1 || len(faults) != 1 || faults[oauth.RefreshTooOften] != 1000-65 {
		t.Fatalf("%d distinct tokens, refusals %v", len(answers), faults)
	}
	v, err := r.db.Family(t.Context(), r.realm.Realm.ID, r.claims(a.AccessToken).Family)
	if err != nil || v.Family.Gen != 1 || v.Family.RevokedAt != 0 {
		t.Errorf("generation %d, revoked %d, %v", v.Family.Gen, v.Family.RevokedAt, err)
	}
	for next := range answers {
		r.refresh("rotating", next)
	}
	if n := len(r.events("REFRESH_TOKEN_ERROR")); n != 0 {
		t.Errorf("%d events for nothing that changed", n)
	}
}

func TestConvergingCountsPerGeneration(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	b := r.refresh("rotating", a.RefreshToken)
	for range 64 {
		if c := r.refresh("rotating", a.RefreshToken); c.RefreshToken != b.RefreshToken || c.AccessToken == b.AccessToken {
			t.Fatal("converging is the same refresh token and a fresh access token")
		}
	}
	if e := r.refused(refreshForm("rotating", a.RefreshToken), oauth.RefreshTooOften); e.RetryAfter != 1 {
		t.Errorf("Retry-After %d", e.RetryAfter)
	}
	c := r.refresh("rotating", b.RefreshToken)
	if d := r.refresh("rotating", a.RefreshToken); d.RefreshToken != c.RefreshToken {
		t.Error("a new generation counts anew, and the grandparent converges on it")
	}
}

// What is left of a converging token's life is what its answer says.
func TestConvergingTellsTheRemainingLife(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	r.refresh("rotating", a.RefreshToken)
	r.clock.wait(7 * time.Second)
	if b := r.refresh("rotating", a.RefreshToken); b.RefreshExpiresIn != 3593 || b.ExpiresIn != 300 {
		t.Errorf("refresh_expires_in %d, expires_in %d", b.RefreshExpiresIn, b.ExpiresIn)
	}
}

func TestReuseRevokesTheFamilyOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bystander := r.login("rotating")
	a := r.login("strict")
	b := r.refresh("strict", a.RefreshToken)
	r.clock.wait(11 * time.Second)
	e := r.refused(refreshForm("strict", a.RefreshToken), oauth.RefreshReused)
	got := r.events("REFRESH_TOKEN_REUSED")
	if len(got) != 1 || got[0].ID != e.ID || got[0].Details["reason"] != iam.ReuseParent || e.Hint == "" {
		t.Errorf("events %+v for %s (%s)", got, e.ID, e.Hint)
	}
	if kinds := r.feed.kinds(); !slices.Equal(kinds, []iam.RevocationKind{iam.RevokeFamily}) || r.feed.entries[0].Until < (start+11+300)*1000 {
		t.Errorf("feed %+v", r.feed.entries)
	}
	r.refused(refreshForm("strict", b.RefreshToken), oauth.ClientSessionMissing)
	r.refused(refreshForm("strict", a.RefreshToken), oauth.ClientSessionMissing)
	if n := len(r.events("REFRESH_TOKEN_REUSED")); n != 1 {
		t.Errorf("a dead family raised the alarm %d times", n)
	}
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), b.AccessToken); err == nil {
		t.Error("its access token still opens userinfo")
	}
	r.refresh("rotating", bystander.RefreshToken)
}

func TestOlderAncestorIsStale(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	b := r.refresh("rotating", a.RefreshToken)
	r.refresh("rotating", b.RefreshToken)
	r.clock.wait(11 * time.Second)
	r.refused(refreshForm("rotating", a.RefreshToken), oauth.RefreshStale)
	if got := r.events("REFRESH_TOKEN_REUSED"); len(got) != 1 || got[0].Details["reason"] != iam.ReuseAncestor {
		t.Errorf("events %+v", got)
	}
}

// A lost answer, found missing after a minute: a new token, an event, and the
// lost one is dead with an alarm.
func TestRecovery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	lost := r.refresh("rotating", a.RefreshToken)
	r.clock.wait(time.Minute)
	b := r.refresh("rotating", a.RefreshToken)
	if b.RefreshToken == lost.RefreshToken || len(r.events("REFRESH_TOKEN_RECOVERED")) != 1 {
		t.Error("no recovery")
	}
	b = r.refresh("rotating", b.RefreshToken)
	r.refused(refreshForm("rotating", lost.RefreshToken), oauth.RefreshStale)
	r.refused(refreshForm("rotating", b.RefreshToken), oauth.ClientSessionMissing)
}

// Once the successor's access token was seen it is confirmed, and its parent is
// a stolen or forgotten token.
func TestConfirmedSuccessor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	b := r.refresh("rotating", a.RefreshToken)
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), a.AccessToken); err != nil {
		t.Fatal(err)
	}
	if len(r.tells) != 0 {
		t.Errorf("the parent's access token confirmed %v", r.tells)
	}
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), b.AccessToken); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.tells, []int64{1}) {
		t.Fatalf("confirmed %v", r.tells)
	}
	if err := r.db.ConfirmFamily(t.Context(), r.claims(b.AccessToken).Family, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.svc.UserInfo(t.Context(), r.realm, request(), b.AccessToken); err != nil || len(r.tells) != 1 {
		t.Errorf("told again: %v, %v", r.tells, err)
	}
	r.clock.wait(time.Minute)
	r.refused(refreshForm("rotating", a.RefreshToken), oauth.RefreshReused)
}

func TestTokenAheadOfItsRow(t *testing.T) {
	t.Parallel()
	ahead := func(r *rig) string {
		a := r.login("rotating")
		return r.forge(a, "rotating", func(s *token.RefreshSubject) { s.Gen, s.JTI = 7, "of a lost commit" })
	}
	t.Run("adopted", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		raw := ahead(r)
		a := r.refresh("rotating", raw)
		if got := r.claims(a.RefreshToken).Gen; got != 8 || len(r.events("REFRESH_TOKEN_AHEAD")) != 1 {
			t.Errorf("generation %d", got)
		}
		r.refresh("rotating", a.RefreshToken)
	})
	t.Run("rejected", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.RejectAhead = true })
		r.refused(refreshForm("rotating", ahead(r)), oauth.RefreshStale)
	})
}

func TestMaxReuse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.realm = r.newRealm(func(c *iam.RealmConfig) { c.Realm.RefreshTokenMaxReuse, c.Realm.RotationWindow = 1, 0 })
	a := r.login("strict")
	b := r.refresh("strict", a.RefreshToken)
	r.clock.wait(10 * time.Minute)
	if c := r.refresh("strict", a.RefreshToken); c.RefreshToken != b.RefreshToken {
		t.Error("the allowed use gave another token")
	}
	r.refused(refreshForm("strict", a.RefreshToken), oauth.RefreshReused)
}

// RT7 (rotation): a revocation that was acknowledged is final, however it races
// a refresh: a thousand rounds, a hundred thousand at scale 100.
func TestRT7_RevokeRacingRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range volume(t, 1000) {
		client := []string{"rotating", "anonymous"}[i%2]
		a := r.login(client)
		held := []string{a.RefreshToken}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.svc.Revoke(context.Background(), r.realm, request("client_id", client, "token", a.RefreshToken)); err != nil {
				t.Errorf("revoke: %v", err)
			}
		})
		wg.Go(func() {
			res, err := r.svc.Token(context.Background(), r.realm, refreshForm(client, a.RefreshToken))
			if err == nil {
				held = append(held, res.Answer.RefreshToken)
			} else {
				wantFault(t, err, oauth.SessionNotActive)
			}
		})
		wg.Wait()
		for _, raw := range held {
			if _, err := r.svc.Token(context.Background(), r.realm, refreshForm(client, raw)); err == nil {
				t.Fatal("a refresh succeeded after the acknowledged revocation")
			}
		}
	}
}

// A revocation between the read and the write wins.
func TestRevokeBetweenReadAndWrite(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"rotating", "anonymous"} {
		r := newRig(t)
		a := r.login(client)
		r.clock.wait(20 * time.Minute) // the reusable family has to write as well
		store := &hookedStore{DB: r.db, afterFamily: func(n int) {
			if n == 1 {
				if _, err := r.db.EndSession(context.Background(), r.realm.Realm.ID, a.SessionState, 1, 1, nil); err != nil {
					t.Error(err)
				}
			}
		}}
		r.svc = r.service(store)
		r.refused(refreshForm(client, a.RefreshToken), oauth.SessionNotActive)
	}
}

// A row that changes at every try is trouble, not a refusal.
func TestEndlessRaceIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	b := r.refresh("rotating", a.RefreshToken)
	family := r.claims(a.AccessToken).Family
	store := &staleStore{DB: r.db}
	r.svc = r.service(store)
	r.refused(refreshForm("rotating", b.RefreshToken), oauth.Unavailable)
	if store.tries != 3 {
		t.Errorf("decided %d times", store.tries)
	}
	r.svc = r.service(r.db)
	r.refresh("rotating", b.RefreshToken)
	if v, err := r.db.Family(t.Context(), r.realm.Realm.ID, family); err != nil || v.Family.RevokedAt != 0 {
		t.Errorf("%+v %v", v.Family, err)
	}
}

// RT12 (rotation): two clients of one session that refresh together, a thousand
// times, ten thousand at scale 10, get no error.
func TestRT12_TwoClientsOfOneSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.login("rotating")
	second := r.joinSession(a, "strict")
	var wg sync.WaitGroup
	for client, first := range map[string]string{"rotating": a.RefreshToken, "strict": second} {
		wg.Go(func() {
			raw := first
			for range volume(t, 1000) {
				res, err := r.svc.Token(context.Background(), r.realm, refreshForm(client, raw))
				if err != nil {
					t.Errorf("%s: %v", client, err)
					return
				}
				raw = res.Answer.RefreshToken
			}
		})
	}
	wg.Wait()
	if _, err := r.svc.Revoke(t.Context(), r.realm, request("client_id", "strict", "token", second)); err != nil {
		t.Fatal(err)
	}
	r.refused(refreshForm("strict", second), oauth.ClientSessionMissing)
	r.refreshNewest(a)
}

// refreshNewest refreshes with the current token of a's family.
func (r *rig) refreshNewest(a *grant.Answer) {
	r.t.Helper()
	c := r.claims(a.RefreshToken)
	v, err := r.db.Family(context.Background(), r.realm.Realm.ID, c.Family)
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh(c.AuthorizedParty, r.forge(a, c.AuthorizedParty, func(s *token.RefreshSubject) { r.asCurrent(s, v.Family) }))
}

// asCurrent makes s the family's newest token.
func (r *rig) asCurrent(s *token.RefreshSubject, f iam.Family) {
	key, err := r.realm.RefreshKey(f.KeyID)
	if err != nil {
		r.t.Fatal(err)
	}
	s.FamilyID, s.Gen, s.JTI = f.ID, f.Gen, token.FamilyJTI(key, f.ID, f.Gen, f.Salt)
	s.IssuedAt, s.ExpiresAt = f.IssuedAt, f.ExpiresAt
}
