package login

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

func TestRepeatedLoginCostsNoHash(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for i := range 5 {
			v, took, err := b.try(t, "anna", "right")
			if err != nil || v.User.ID != "anna" || v.ClearFailures != "" {
				t.Fatalf("login %d: %+v, %v", i, v, err)
			}
			if i > 0 && took != 0 {
				t.Errorf("login %d took %v", i, took)
			}
		}
		if b.hasher.hashes() != 1 || b.store.rowWrites() != 2 {
			t.Errorf("%d hashes, %d writes", b.hasher.hashes(), b.store.rowWrites())
		}
	})
}

// Everything that changes between two logins is seen by the second.
func TestCacheMisses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(b *bench, a *iam.Attempt)
		want   error
		hashes int // of the second login
	}{
		{"nothing changed", func(*bench, *iam.Attempt) {}, nil, 0},
		{"other spelling", func(_ *bench, a *iam.Attempt) { a.Username = " ANNA@example.com" }, nil, 0},
		{"wrong password", func(_ *bench, a *iam.Attempt) { a.Password = "wrong" }, iam.ErrBadCredentials, 1},
		{"password with a blank", func(_ *bench, a *iam.Attempt) { a.Password = "right " }, iam.ErrBadCredentials, 1},
		{"password changed", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.Password = &iam.Credential{SecretData: "plain:new"} })
		}, iam.ErrBadCredentials, 1},
		{"same password hashed anew", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) {
				u.Password = &iam.Credential{SecretData: "plain:right", CredentialData: "other"}
			})
		}, nil, 1},
		{"password removed", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.Password = nil })
		}, iam.ErrBadCredentials, 1},
		{"user disabled", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.Enabled = false })
		}, iam.ErrAccountDisabled, 1},
		{"required action", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.RequiredActions = []string{"VERIFY_EMAIL"} })
		}, iam.ErrAccountNotSetUp, 1},
		{"second factor", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.Other = []iam.Credential{{Type: "webauthn"}} })
		}, iam.ErrAccountNotSetUp, 1},
		{"made a service account", func(b *bench, _ *iam.Attempt) {
			b.store.change("anna", func(u *iam.User) { u.ServiceAccountOf = "c" })
		}, iam.ErrBadCredentials, 1},
		{"in a wait", func(b *bench, _ *iam.Attempt) {
			b.store.setRow("anna", iam.Failures{Count: 10, WaitUntil: time.Now().UnixMilli() + 1000, Rev: 9})
		}, iam.ErrBadCredentials, 0},
		{"locked", func(b *bench, _ *iam.Attempt) {
			b.store.setRow("anna", iam.Failures{Count: 100, Locked: true, Rev: 9})
		}, iam.ErrBadCredentials, 0},
		{"user deleted", func(b *bench, _ *iam.Attempt) { b.store.remove("anna") }, iam.ErrBadCredentials, 1},
		{"user replaced by another with the same name and hash", func(b *bench, _ *iam.Attempt) {
			u := b.store.user("anna")
			b.store.remove("anna")
			u.ID = "another"
			b.store.set(u)
		}, nil, 1},
		{"not a direct grant", func(_ *bench, a *iam.Attempt) { a.Direct = false }, nil, 1},
		{"switched off", func(b *bench, _ *iam.Attempt) { b.cfg.Realm.NoVerifiedPasswordCache = true }, nil, 1},
		{"five minutes less a moment later", func(*bench, *iam.Attempt) { time.Sleep(cacheLife - time.Nanosecond) }, nil, 0},
		{"five minutes later", func(*bench, *iam.Attempt) { time.Sleep(cacheLife) }, nil, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				if _, _, err := b.try(t, "anna", "right"); err != nil {
					t.Fatal(err)
				}
				a := attempt("anna", "right")
				tc.change(b, &a)
				before := b.hasher.hashes()
				if _, err := b.Authenticate(t.Context(), b.cfg, a); err != tc.want {
					t.Errorf("%v, want %v", err, tc.want)
				}
				if got := b.hasher.hashes() - before; got != tc.hashes {
					t.Errorf("%d hashes, want %d", got, tc.hashes)
				}
			})
		})
	}
}

func TestIndirectLoginIsNotRemembered(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		a := attempt("anna", "right")
		a.Direct = false
		for range 2 {
			if _, err := b.Authenticate(t.Context(), b.cfg, a); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := b.try(t, "anna", "right"); err != nil || b.hasher.hashes() != 3 {
			t.Errorf("%v, %d hashes", err, b.hasher.hashes())
		}
	})
}

// On a hit the row is touched only when there is something in it.
func TestHitClearsOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		_, _, _ = b.try(t, "anna", "right")
		b.wrongTimes(t, "anna", 2)
		before := b.store.rowWrites()
		if v, _, err := b.try(t, "anna", "right"); err != nil || v.ClearFailures != "anna" {
			t.Errorf("%+v, %v", v, err)
		}
		b.store.setRow("anna", iam.Failures{Rev: 50, Reservations: []iam.Reservation{{ID: "of another", At: time.Now().UnixMilli()}}})
		if v, _, err := b.try(t, "anna", "right"); err != nil || v.ClearFailures != "" {
			t.Errorf("another attempt's reservation would be cleared: %+v, %v", v, err)
		}
		if b.store.rowWrites() != before {
			t.Error("a hit wrote")
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache(100)
	now := time.Unix(0, 0)
	key := func(i int) tag { return sha256.Sum256(fmt.Append(nil, i)) }
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		c.put(fmt.Sprint(i), key(0), key(i), now)
		c.put("always", key(0), key(1), now)
	}
	if len(c.entries) > 100 || len(c.order) > 200 {
		t.Errorf("%d entries, %d mentions", len(c.entries), len(c.order))
	}
	if c.look("always", key(0), key(1), now) != right || c.look("999", key(0), key(999), now) != right {
		t.Error("the newest are gone")
	}
	if c.look("1", key(0), key(1), now) != nothing {
		t.Error("the oldest is still there")
	}
	if c.look("999", key(0), key(1), now) != mismatch || c.look("999", key(1), key(999), now) != nothing {
		t.Error("mismatch is told for this very hash only")
	}
	c.put("later", key(0), key(2), now.Add(cacheLife))
	if len(c.entries) != 1 || len(c.order) != 1 {
		t.Errorf("expired entries stay: %d", len(c.entries))
	}
}
