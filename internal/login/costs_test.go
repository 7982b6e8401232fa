package login

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// old makes anna's hash an outdated, slow one.
func old(b *bench) {
	b.store.change("anna", func(u *iam.User) {
		u.Password = &iam.Credential{ID: "credential", Type: "password", Label: "mine", CreatedAt: 7, SecretData: "old:right"}
	})
}

func TestFloorCoversTheSlowestKindStored(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if got := b.Floor("realm"); got != 50*time.Millisecond {
			t.Errorf("before any measurement: %v", got)
		}
		old(b)
		err := b.MeasureRealm(t.Context(), "realm", func(_ context.Context, _, after string, _ int) ([]iam.User, error) {
			if after != "" {
				return nil, nil
			}
			return []iam.User{b.store.user("anna"), {ID: "without password"}, user("usual")}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := b.Floor("realm"), 150*time.Millisecond; got != want { // 1.5 × 90 ms, rounded up
			t.Errorf("%v, want %v", got, want)
		}
		if got := b.Floor("another realm"); got != 25*time.Millisecond { // 1.5 × 16 ms
			t.Errorf("another realm: %v", got)
		}
		before := b.hasher.hashes()
		if err := b.Measure(t.Context(), "realm", *b.store.user("anna").Password); err != nil || b.hasher.hashes() != before {
			t.Errorf("measured twice: %v", err)
		}
		for _, name := range []string{"anna", "nobody"} {
			if _, took, err := b.try(t, name, "wrong"); err != iam.ErrBadCredentials || took != 150*time.Millisecond {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
	})
}

// One dear hash does not hold up everybody's failed logins, and what a busy
// machine adds to a measurement does not count.
func TestFloorIsBoundedAndMeasuredAtItsBest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.cost["plain"] = 100 * time.Millisecond
		go func() {
			time.Sleep(50 * time.Millisecond)
			b.hasher.mu.Lock()
			defer b.hasher.mu.Unlock()
			b.hasher.cost["plain"] = usualHash
		}()
		if err := b.Measure(t.Context(), "realm"); err != nil {
			t.Fatal(err)
		}
		if got := b.Floor("realm"); got != 25*time.Millisecond {
			t.Errorf("measured beside other work: %v", got)
		}
		b.hasher.cost["old"] = 18 * time.Second
		old(b)
		if err := b.Measure(t.Context(), "realm", *b.store.user("anna").Password); err != nil {
			t.Fatal(err)
		}
		if got := b.Floor("realm"); got != 2*time.Second {
			t.Errorf("with a dear hash: %v", got)
		}
	})
}

// Who logs in while a kind is measured waits for one run, not for all of them.
func TestMeasuringLetsPeopleIn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.cost["old"] = 200 * time.Millisecond
		old(b)
		if err := b.Measure(t.Context(), "other"); err != nil { // the new hashes
			t.Fatal(err)
		}
		stored := *b.store.user("anna").Password
		b.store.set(user("anna"))
		start := time.Now()
		done := make(chan error)
		go func() { done <- b.Measure(t.Context(), "realm", stored) }()
		time.Sleep(time.Millisecond)
		if _, _, err := b.try(t, "anna", "right"); err != nil || time.Since(start) > 450*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The floor counts from the start of the hash, so that kinds of hash stay alike
// behind a queue as well, and it is waited for without a place or slot.
func TestFloorHoldsNoSlot(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.cost["plain"] = 10 * time.Millisecond
		start := time.Now()
		var mu sync.Mutex
		took := map[time.Duration]int{}
		together(8, func(i int) error {
			_, d, err := b.try(t, fmt.Sprint("nobody", i), "x")
			mu.Lock()
			took[d]++
			mu.Unlock()
			return err
		})
		// Eight hashes of 10 ms, one after the other; the floor of 25 ms follows
		// the first's measurement.
		if all := time.Since(start); all != 95*time.Millisecond {
			t.Errorf("all took %v", all)
		}
		for i := range 8 {
			if d := time.Duration(25+10*i) * time.Millisecond; took[d] != 1 {
				t.Errorf("nobody took %v: %v", d, took)
			}
		}
	})
}

func TestLiveLoginsTeachTheFloorUntilItIsMeasured(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		old(b)
		_, _, _ = b.try(t, "anna", "wrong")
		if got := b.Floor("realm"); got != 150*time.Millisecond {
			t.Errorf("%v", got)
		}
		b.hasher.cost["old"] = 40 * time.Millisecond
		if err := b.Measure(t.Context(), "realm", *b.store.user("anna").Password); err != nil {
			t.Fatal(err)
		}
		if got := b.Floor("realm"); got != 75*time.Millisecond {
			t.Errorf("%v", got)
		}
	})
}

func TestManyKindsCannotKeepMeasuringBusy(t *testing.T) {
	t.Parallel()
	c := newCosts("plain")
	n := 0
	for i := range 1000 {
		if c.meet("realm", fmt.Sprint("kind ", i)) {
			n++
		}
	}
	if n != maxKinds {
		t.Errorf("%d kinds", n)
	}
}

// K2 (OWASP Password Storage): a good login over an outdated hash replaces it
// by a new one.
func TestK2_OutdatedHashIsRenewed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		old(b)
		_, took, err := b.try(t, "anna", "right")
		if err != nil || took != 90*time.Millisecond {
			t.Errorf("%v after %v: the answer waits for its own hash only", err, took)
		}
		b.Wait()
		got := *b.store.user("anna").Password
		want := iam.Credential{ID: "credential", Type: "password", Label: "mine", CreatedAt: 7, SecretData: "plain:right", CredentialData: "made 1"}
		if got != want {
			t.Errorf("stored %+v, want %+v", got, want)
		}
		before := b.hasher.hashes()
		if _, _, err := b.try(t, "anna", "right"); err != nil || b.hasher.hashes() != before {
			t.Errorf("%v, %d hashes: the renewed hash was not remembered", err, b.hasher.hashes()-before)
		}
	})
}

func TestRenewalLosesAgainstAChange(t *testing.T) {
	t.Parallel()
	for _, trouble := range []error{iam.ErrStale, iam.ErrUnavailable, errors.New("other")} {
		inBubble(t, func(t *testing.T, b *bench) {
			old(b)
			b.store.upgrade = trouble
			for range 2 {
				if _, _, err := b.try(t, "anna", "right"); err != nil {
					t.Error(err)
				}
				b.Wait()
			}
			if got := b.store.user("anna").Password.SecretData; got != "old:right" {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestWrongPasswordRenewsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		old(b)
		_, _, _ = b.try(t, "anna", "wrong")
		b.Wait()
		if b.hasher.made != 0 {
			t.Error("a hash was made")
		}
	})
}

func BenchmarkCacheHit(b *testing.B) {
	s := secret.Hasher{Passes: 1, Memory: 64}
	secretData, credentialData, err := s.Hash("right")
	if err != nil {
		b.Fatal(err)
	}
	u := user("anna")
	u.Password = &iam.Credential{SecretData: secretData, CredentialData: credentialData}
	store := &fakeStore{users: map[string]iam.User{"anna": u}, rows: map[string]iam.Failures{}}
	svc := New(Config{Store: store, Clock: bubbleClock{}, Hasher: s, NameKey: make([]byte, 32)})
	defer svc.Close()
	cfg := &iam.RealmConfig{Realm: iam.Realm{ID: "realm"}}
	if _, err := svc.Authenticate(b.Context(), cfg, attempt("anna", "right")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := svc.Authenticate(b.Context(), cfg, attempt("anna", "right")); err != nil {
			b.Fatal(err)
		}
	}
}
