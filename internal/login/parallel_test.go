package login

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// A6 (RFC 6749 section 4.3.2): parallel guesses do not outrun the counter,
// whoever sends them, however the name is written, with more slots too.
func TestA6_ThousandParallelGuesses(t *testing.T) {
	t.Parallel()
	for name, username := range map[string]func(i int) string{
		"known":   func(i int) string { return []string{"anna", "ANNA ", "anna@example.com"}[i%3] },
		"unknown": func(int) string { return "nobody" },
	} {
		for _, slots := range []int{1, 4} {
			t.Run(fmt.Sprint(name, " with ", slots), func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bench) {
					errs := together(1000, func(i int) error {
						a := attempt(username(i), fmt.Sprint("guess ", i))
						a.Address = netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i % 250)})
						_, err := b.Authenticate(t.Context(), b.cfg, a)
						return err
					})
					for i, err := range errs {
						if err != iam.ErrBadCredentials && !isBusy(err) {
							t.Fatalf("guess %d: %v", i, err)
						}
					}
					if got := b.hasher.hashes(); got != 10 {
						t.Errorf("%d guesses were evaluated, want 10", got)
					}
					if _, most := b.hasher.atATime(); most > slots {
						t.Errorf("%d hashes at a time, want %d", most, slots)
					}
					for key, f := range b.store.allRows() {
						if f.Count != 10 || len(f.Reservations) != 0 {
							t.Errorf("%s: %+v", key, f)
						}
					}
				}, func(c *Config) { c.Slots = slots })
			})
		}
	}
}

// Two nodes over one store: the bound is the store's.
func TestParallelGuessesOverTwoNodes(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		other := New(Config{Store: b.store, Clock: bubbleClock{}, Hasher: b.hasher, NameKey: make([]byte, 32), Slots: 3})
		defer other.Close()
		nodes := []*Service{b.Service, other}
		together(400, func(i int) error {
			_, err := nodes[i%2].Authenticate(t.Context(), b.cfg, attempt("anna", fmt.Sprint("guess ", i)))
			return err
		})
		if got := b.hasher.hashes(); got != 10 {
			t.Errorf("%d guesses were evaluated, want 10", got)
		}
	}, func(c *Config) { c.Slots = 3 })
}

// keycloak#48272: what bounds parallel guesses must not refuse parallel good
// logins.
func TestHundredParallelLogins(t *testing.T) {
	t.Parallel()
	t.Run("of one user", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			spellings := []string{"anna", "ANNA", "anna@example.com"}
			for i, err := range together(100, func(i int) error {
				_, _, err := b.try(t, spellings[i%3], "right")
				return err
			}) {
				if err != nil {
					t.Fatalf("login %d: %v", i, err)
				}
			}
			if got := b.hasher.hashes(); got != 1 {
				t.Errorf("%d hashes, want one shared", got)
			}
			if b.store.rowWrites() != 2 {
				t.Errorf("%d writes to the failure row, want a reservation and its return", b.store.rowWrites())
			}
		})
	})
	t.Run("of one user after nine failures", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			b.wrongTimes(t, "anna", 9)
			for i, err := range together(100, func(int) error {
				_, _, err := b.try(t, "anna", "right")
				return err
			}) {
				if err != nil {
					t.Fatalf("login %d: %v", i, err)
				}
			}
		})
	})
	t.Run("of 100 users from one address", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			for i := range 100 {
				b.store.set(user(fmt.Sprint("user", i)))
			}
			for i, err := range together(100, func(i int) error {
				v, _, err := b.try(t, fmt.Sprint("user", i), "right")
				if err == nil && v.User.ID != fmt.Sprint("user", i) {
					err = errors.New("somebody else's login: " + v.User.ID)
				}
				return err
			}) {
				if err != nil {
					t.Fatalf("login %d: %v", i, err)
				}
			}
			if _, most := b.hasher.atATime(); b.hasher.hashes() != 100 || most != 1 {
				t.Errorf("%d hashes, %d at a time", b.hasher.hashes(), most)
			}
		})
	})
}

func TestEqualWrongPasswordsShareOneHash(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"anna", "nobody"} {
		inBubble(t, func(t *testing.T, b *bench) {
			for _, err := range together(50, func(int) error {
				_, _, err := b.try(t, name, "wrong")
				return err
			}) {
				if err != iam.ErrBadCredentials {
					t.Fatal(err)
				}
			}
			if b.hasher.hashes() != 1 || len(b.store.logged()) != 50 {
				t.Errorf("%s: %d hashes, %d events", name, b.hasher.hashes(), len(b.store.logged()))
			}
			for _, f := range b.store.allRows() {
				if f.Count != 1 {
					t.Errorf("%s: %+v", name, f)
				}
			}
		})
	}
}

// The slot belongs to the hash: a caller who goes away frees it only when the
// hash has ended, and cannot take his guess back.
func TestCancelledCallerKeepsTheSlotBusy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.gate = make(chan struct{})
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			gone := make(chan error)
			go func() {
				_, err := b.Authenticate(ctx, b.cfg, attempt(fmt.Sprint("nobody", i), "guess"))
				gone <- err
			}()
			synctest.Wait()
			cancel()
			if err := <-gone; !errors.Is(err, context.Canceled) || !errors.Is(err, iam.ErrUnavailable) {
				t.Fatalf("cancelled: %v", err)
			}
		}
		time.Sleep(time.Second)
		if now, most := b.hasher.atATime(); now != 1 || most != 1 {
			t.Errorf("%d hashes run, %d at most", now, most)
		}
		close(b.hasher.gate)
		synctest.Wait()
		time.Sleep(time.Second)
		// The first ran, the second stood reserved in the next place; the rest left
		// the line without costing anything.
		if got := b.hasher.hashes(); got != 2 {
			t.Errorf("%d hashes", got)
		}
		counted := 0
		for _, f := range b.store.allRows() {
			counted += f.Count
			if len(f.Reservations) > 0 {
				t.Errorf("left a reservation: %+v", f)
			}
		}
		if counted != 2 {
			t.Errorf("%d failures counted", counted)
		}
	})
}

func TestCallerWhoStaysKeepsTheSharedGuess(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.gate = make(chan struct{})
		go func() { _, _, _ = b.try(t, "x", "1") }()
		go func() { _, _, _ = b.try(t, "y", "1") }()
		synctest.Wait() // both places are taken
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = b.Authenticate(ctx, b.cfg, attempt("anna", "right")) }()
		synctest.Wait()
		stays := make(chan error)
		go func() {
			_, _, err := b.try(t, "anna", "right")
			stays <- err
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(b.hasher.gate)
		if err := <-stays; err != nil {
			t.Error(err)
		}
	})
}

// Somebody joins a guess in the very moment in which its last caller leaves.
func TestGuessLeftByEverybodyIsBegunAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.gate = make(chan struct{})
		go func() { _, _, _ = b.try(t, "x", "1") }()
		go func() { _, _, _ = b.try(t, "y", "1") }()
		synctest.Wait()
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { _, _ = b.Authenticate(ctx, b.cfg, attempt("anna", "right")) }()
			synctest.Wait()
			done := make(chan error)
			go cancel()
			go func() {
				_, _, err := b.try(t, "anna", "right")
				done <- err
			}()
			synctest.Wait()
			defer func() {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}()
		}
		close(b.hasher.gate)
	})
}

// Reservations of a node that died hold the name back until they count.
func TestReservationsOfADeadNode(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		var f iam.Failures
		for i := range 10 {
			f = b.cfg.Realm.Guessing.Reserve(f, fmt.Sprint("dead ", i), time.Now().UnixMilli())
		}
		f.Rev = 7
		b.store.setRow("anna", f)
		_, took, err := b.try(t, "anna", "right")
		if !isBusy(err) || took != time.Second || b.hasher.hashes() != 0 {
			t.Errorf("beside ten reservations: %v after %v, %d hashes", err, took, b.hasher.hashes())
		}
		time.Sleep(9*time.Second + time.Millisecond)
		if _, _, err := b.try(t, "anna", "right"); err != iam.ErrBadCredentials || b.hasher.hashes() != 0 {
			t.Errorf("after ten seconds: %v, %d hashes", err, b.hasher.hashes())
		}
	})
}

func TestWaitsForAReservationToResolve(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		p := b.cfg.Realm.Guessing
		var f iam.Failures
		for i := range 10 {
			f = p.Reserve(f, fmt.Sprint(i), time.Now().UnixMilli())
		}
		f.Rev = 1
		b.store.setRow("anna", f)
		go func() {
			time.Sleep(600 * time.Millisecond)
			_ = b.store.ReplaceFailures(t.Context(), "realm", "anna", f, p.Release(f, "3", time.Now().UnixMilli()), nil)
		}()
		_, took, err := b.try(t, "anna", "right")
		if err != nil || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestBusyWhenTheQueueIsFull(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		errs := together(300, func(i int) error {
			_, _, err := b.try(t, fmt.Sprint("nobody", i), "x")
			return err
		})
		judged, busy := 0, 0
		for _, err := range errs {
			switch {
			case err == iam.ErrBadCredentials:
				judged++
			case isBusy(err):
				busy++
			default:
				t.Fatal(err)
			}
		}
		// 20 ms a hash are assumed before any is measured: 2 s are fewer than 128.
		if judged != minQueue+2 || judged+busy != 300 {
			t.Errorf("%d judged, %d refused", judged, busy)
		}
	}, noAddressBound)
}

// A busy answer must not be a free look into the cache: a guess that the cache
// knows to be wrong counts although nothing was hashed.
func TestBusyGuessAgainstTheCacheCounts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if _, _, err := b.try(t, "anna", "right"); err != nil {
			t.Fatal(err)
		}
		b.hasher.gate = make(chan struct{})
		for i := range minQueue + 2 {
			go func() { _, _, _ = b.try(t, fmt.Sprint("nobody", i), "x") }()
		}
		synctest.Wait()
		if _, _, err := b.try(t, "anna", "right"); err != nil {
			t.Errorf("a verified password needs no place in the line: %v", err)
		}
		for i := range 12 {
			_, _, err := b.try(t, "anna", fmt.Sprint("guess ", i))
			if want := i >= 10; want != (err == iam.ErrBadCredentials) || want == isBusy(err) {
				t.Errorf("guess %d: %v", i, err)
			}
		}
		if got := b.store.row("anna").Count; got != 10 {
			t.Errorf("%d counted", got)
		}
		close(b.hasher.gate)
		synctest.Wait()
	}, noAddressBound)
}

func TestLeavingTheLineDoesNotTakeACertainGuessBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if _, _, err := b.try(t, "anna", "right"); err != nil {
			t.Fatal(err)
		}
		b.hasher.gate = make(chan struct{})
		go func() { _, _, _ = b.try(t, "x", "1") }()
		go func() { _, _, _ = b.try(t, "y", "1") }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = b.Authenticate(ctx, b.cfg, attempt("anna", "guess")) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if got := b.store.row("anna").Count; got != 1 {
			t.Errorf("%d counted", got)
		}
		close(b.hasher.gate)
	})
}

// While one password is verified, a thousand guesses in parallel are compared
// with it no more often than they are counted.
func TestParallelGuessesAgainstTheCache(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if _, _, err := b.try(t, "anna", "right"); err != nil {
			t.Fatal(err)
		}
		b.store.change("anna", func(u *iam.User) { u.Username = "anna" })
		errs := together(1000, func(i int) error {
			_, _, err := b.try(t, "anna", fmt.Sprint("guess ", i))
			return err
		})
		for _, err := range errs {
			if err == nil {
				t.Fatal("a guess logged in")
			}
		}
		if got := b.hasher.hashes(); got != 11 {
			t.Errorf("%d hashes, want the first login's and ten", got)
		}
		if _, _, err := b.try(t, "anna", "right"); err != iam.ErrBadCredentials {
			t.Errorf("the right password in the wait: %v", err)
		}
	})
}
