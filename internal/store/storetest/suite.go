package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// Opener opens the store that dir names: empty at first, and with what was
// acknowledged when an earlier one of the same dir was closed. now is the
// store's clock. The suite closes what it opens.
type Opener func(t testing.TB, dir string, now func() time.Time) Store

// racers is how many callers a race has.
const racers = 32

// start is the suite's time at first, Unix ms.
const start = int64(1_800_000_000_000)

// suite is one run over one kind of store.
type suite struct {
	open   Opener
	shared Store
	clock  *clock
	ids    *atomic.Int64
}

// Run runs the whole contract. troubles are the ways in which this kind of
// store can fail in the middle of a batch, by name; hand reaches behind it.
func Run(t *testing.T, open Opener, troubles map[string]Trouble, hand Hand) {
	s := &suite{open: open, clock: newClock(), ids: new(atomic.Int64)}
	s.shared = open(t, t.TempDir(), s.clock.Now)
	t.Cleanup(func() { s.shared.Close() })
	for name, test := range map[string]func(*testing.T, *suite){
		"Import":          testImport,
		"ImportConflict":  testImportConflict,
		"ImportRace":      testImportRace,
		"Users":           testUsers,
		"UserNames":       testUserNames,
		"AddUsers":        testAddUsers,
		"AddUser":         testAddUser,
		"Managers":        testManagers,
		"SetPassword":     testSetPassword,
		"ServiceClient":   testAddServiceClient,
		"Emails":          testEmails,
		"UpgradePassword": testUpgradePassword,
		"ChangePassword":  testChangePassword,
		"SetUserEnabled":  testSetUserEnabled,
		"OpenLogin":       testOpenLogin,
		"OpenLoginStale":  testOpenLoginStale,
		"OpenLoginRace":   testOpenLoginRace,
		"JoinSession":     testJoinSession,
		"Family":          testFamily,
		"AdvanceFamily":   testAdvanceFamily,
		"AdvanceStale":    testAdvanceStale,
		"AdvanceRace":     testAdvanceRace,
		"KillFamily":      testKillFamily,
		"KillRace":        testKillRace,
		"ConfirmFamily":   testConfirmFamily,
		"TouchSession":    testTouchSession,
		"EndSession":      testEndSession,
		"EndRacesRefresh": testEndRacesRefresh,
		"EndClient":       testEndClientSession,
		"Failures":        testFailures,
		"FailureKeys":     testFailureKeys,
		"FailureRace":     testFailureRace,
		"RevokeToken":     testRevokeToken,
		"Revocations":     testRevocations,
		"Events":          testEvents,
		"VideoManagers":   testVideoManagers,
		"FindUsers":       testFindUsers,
		"FindEvents":      testFindEvents,
		"ReplaceUser":     testReplaceUser,
		"DeleteUser":      testDeleteUser,
		"UserNotBefore":   testSetUserNotBefore,
		"ClearFailures":   testClearFailures,
		"ReplaceRealm":    testReplaceRealm,
		"Clients":         testClients,
		"ChangeKeys":      testChangeKeys,
		"Sessions":        testSessions,
		"EndUserSessions": testEndUserSessions,
		"EndAllSessions":  testEndAllSessions,
		"EndEverything":   testEndEverything,
		"AddManager":      testAddVideoManager,
		"ChangeMembers":   testChangeMembers,
		"EventRows":       testEventRows,
		"Seals":           testSeals,
		"Probe":           testProbe,
		"Ended":           testEndedContext,
		"CancelStorm":     testCancelStorm,
		"SweepSessions":   testSweepSessions,
		"SweepRest":       testSweepRest,
		"Reopen":          testReopen,
		"Closed":          testClosed,
		"Histories":       testHistories,
		"MergeNew":        testMergeNew,
		"MergeInto":       testMergeInto,
		"MergeIDs":        testMergeIDs,
		"MergeGivenUp":    testMergeGivenUp,
		"Reseal":          testReseal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
	t.Run("Damage", func(t *testing.T) {
		t.Parallel()
		testDamage(t, s, hand)
	})
	t.Run("OldPassword", func(t *testing.T) {
		t.Parallel()
		testOldPassword(t, s, hand)
	})
	for name, trouble := range troubles {
		t.Run("Trouble/"+name, func(t *testing.T) {
			t.Parallel()
			testTrouble(t, s, trouble)
		})
	}
}

// clock is the store's clock; it moves only when told.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(start)
	return c
}

func (c *clock) Now() time.Time { return time.UnixMilli(c.ms.Load()) }

// id is a name nobody else in this run has.
func (s *suite) id(kind string) string { return fmt.Sprintf("%s-%08d", kind, s.ids.Add(1)) }

// own opens a store for this test alone, with its own clock.
func (s *suite) own(t testing.TB) (*suite, string) {
	t.Helper()
	dir := t.TempDir()
	c := newClock()
	alone := &suite{open: s.open, clock: c, ids: s.ids, shared: s.open(t, dir, c.Now)}
	t.Cleanup(func() { alone.shared.Close() })
	return alone, dir
}

// world is a realm with a client and a user, in a store.
type world struct {
	Store
	s      *suite
	ctx    context.Context
	realm  string
	client string // UUID
	user   iam.User
}

func (s *suite) world(t testing.TB) *world {
	t.Helper()
	w := &world{Store: s.shared, s: s, ctx: t.Context(), realm: s.id("realm"), client: s.id("client")}
	w.user = s.person("anna")
	in := iam.RealmImport{
		Realm:   iam.Realm{ID: w.realm, Name: w.realm, Enabled: true},
		Clients: []iam.Client{{ID: w.client, ClientID: "app", Enabled: true}},
		Users:   []iam.User{w.user},
	}
	ok(t, w.ImportRealm(w.ctx, in, nil))
	w.user.RealmID, w.user.Epoch = w.realm, 1
	return w
}

func (s *suite) person(name string) iam.User {
	return iam.User{ID: s.id("user"), Username: name, Enabled: true, Password: &iam.Credential{
		ID: s.id("pw"), Type: "password", CreatedAt: start, SecretData: `{"value":"aGFzaA=="}`, CredentialData: `{"algorithm":"argon2"}`}}
}

// login is a login of the world's user that was not written yet.
func (w *world) login() iam.Login {
	sid := w.s.id("session")
	return iam.Login{
		Session: iam.UserSession{ID: sid, RealmID: w.realm, UserID: w.user.ID, StartedAt: start, LastRefresh: start,
			Address: "2001:db8::1", Method: "openid-connect", DeadAt: start + 1000},
		ClientSession: iam.ClientSession{SessionID: sid, ClientID: w.client, StartedAt: start},
		Family: &iam.Family{ID: w.s.id("family"), RealmID: w.realm, SessionID: sid, ClientID: w.client, UserID: w.user.ID,
			Scope: "openid profile email", Rotating: true, Window: 10_000, MaxReuse: 2, Recovery: iam.RecoverUnconfirmed,
			Rev: 1, Gen: 0, Salt: []byte{1, 2, 3}, KeyID: "kid", IssuedAt: start / 1000, ExpiresAt: start/1000 + 1800, DeadAt: start + 1000},
		Event: w.event("LOGIN"),
	}
}

// opened is a login that was written.
func (w *world) opened(t testing.TB) iam.Login {
	t.Helper()
	l := w.login()
	ok(t, w.OpenLogin(w.ctx, l))
	return l
}

func (w *world) event(kind string) *iam.Event {
	return &iam.Event{ID: w.s.id("event"), At: start, RealmID: w.realm, Type: kind, UserID: w.user.ID,
		Details: map[string]string{"grant": "password"}}
}

// view reads the family of a login.
func (w *world) view(t testing.TB, l iam.Login) iam.FamilyView {
	t.Helper()
	v, err := w.Family(w.ctx, w.realm, l.Family.ID)
	ok(t, err)
	return v
}

// recorded lists the ids of the realm's events.
func (w *world) recorded(t testing.TB) map[string]bool {
	t.Helper()
	events, err := w.Events(w.ctx, w.realm, 0, 1_000_000)
	ok(t, err)
	ids := map[string]bool{}
	for _, e := range events {
		ids[e.ID] = true
	}
	return ids
}

// race lets n callers go at once and returns their errors.
func race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			errs[i] = call(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return errs
}

// winner checks that exactly one caller won and all others were told loss,
// and returns who won.
func winner(t testing.TB, errs []error, loss error) int {
	t.Helper()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("callers %d and %d both won", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, loss):
			t.Errorf("caller %d: got %v, want %v", i, err, loss)
		}
	}
	if won < 0 {
		t.Fatal("nobody won")
	}
	return won
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}
