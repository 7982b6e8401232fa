package login

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// J5 (ASVS 6.3.8): every failing path costs exactly one hash, takes the same
// time to the millisecond, and leaves one event of its own.
func TestJ5_FailingPathsCostOneHashAndTheFloor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		change   func(*iam.User)
		username string
		password string
		want     error
		event    string
		userID   string
	}{
		{"unknown name", nil, "nobody", "x", iam.ErrBadCredentials, "user_not_found", ""},
		{"wrong password", nil, "anna", "x", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"empty password", nil, "anna", "", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"empty password that is right", func(u *iam.User) { u.Password.SecretData = "plain:" },
			"anna", "", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"empty name", nil, "", "x", iam.ErrBadCredentials, "user_not_found", ""},
		{"name that no store takes", nil, "an\x00na", "x", iam.ErrBadCredentials, "user_not_found", ""},
		{"name of broken UTF-8", nil, "anna\xff", "x", iam.ErrBadCredentials, "user_not_found", ""},
		{"endless name", nil, strings.Repeat("a", 60_000), "x", iam.ErrBadCredentials, "user_not_found", ""},
		{"over-long password", nil, "anna", strings.Repeat("x", 1025), iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"over-long password that is right", func(u *iam.User) { u.Password.SecretData = "plain:" + strings.Repeat("x", 1025) },
			"anna", strings.Repeat("x", 1025), iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"over-long password, unknown name", nil, "nobody", strings.Repeat("x", 60_000), iam.ErrBadCredentials, "user_not_found", ""},
		{"no password set", func(u *iam.User) { u.Password = nil }, "anna", "", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"unusable hash", func(u *iam.User) { u.Password.SecretData = "bad:right" }, "anna", "right", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"service account", func(u *iam.User) { u.ServiceAccountOf = "backend" }, "anna", "right", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"disabled, wrong password", func(u *iam.User) { u.Enabled = false }, "anna", "x", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"disabled, right password", func(u *iam.User) { u.Enabled = false }, "anna", "right", iam.ErrAccountDisabled, "user_disabled", "anna"},
		{"required action, wrong password", func(u *iam.User) { u.RequiredActions = []string{"UPDATE_PASSWORD"} },
			"anna", "x", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
		{"required action, right password", func(u *iam.User) { u.RequiredActions = []string{"UPDATE_PASSWORD"} },
			"anna", "right", iam.ErrAccountNotSetUp, "resolve_required_actions", "anna"},
		{"second factor, right password", func(u *iam.User) { u.Other = []iam.Credential{{Type: "otp"}} },
			"anna", "right", iam.ErrAccountNotSetUp, "resolve_required_actions", "anna"},
		{"second factor, wrong password", func(u *iam.User) { u.Other = []iam.Credential{{Type: "otp"}} },
			"anna", "x", iam.ErrBadCredentials, "invalid_user_credentials", "anna"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				if tc.change != nil {
					b.store.change("anna", tc.change)
				}
				// Twice: nothing may be remembered that makes the second one cheaper.
				for round := 1; round <= 2; round++ {
					_, took, err := b.try(t, tc.username, tc.password)
					if err != tc.want {
						t.Errorf("round %d: error %v, want %v", round, err, tc.want)
					}
					if got := b.hasher.hashes(); got != round {
						t.Errorf("round %d: %d hashes", round, got)
					}
					if want := 25 * time.Millisecond; took != want {
						t.Errorf("round %d: took %v, want %v", round, took, want)
					}
				}
				if len(b.store.logged()) != 2 {
					t.Fatalf("%d events", len(b.store.logged()))
				}
				ev := b.store.logged()[0]
				if ev.Error != tc.event || ev.UserID != tc.userID || ev.Type != "LOGIN_ERROR" || ev.ID != "event" ||
					ev.ClientID != "anonymous" || ev.Address != "192.0.2.1" || ev.RealmID != "realm" || ev.At == 0 {
					t.Errorf("event %+v", ev)
				}
			}, func(c *Config) { c.Slots = 1 })
		})
	}
}

func TestRightPassword(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		v, took, err := b.try(t, "anna", "right")
		if err != nil || v.User.ID != "anna" || v.ClearFailures != "" {
			t.Errorf("%+v, %v", v, err)
		}
		if took != usualHash {
			t.Errorf("took %v: a success waits for nothing but its hash", took)
		}
		if len(b.store.logged()) != 0 {
			t.Errorf("events %+v", b.store.logged())
		}
		if f := b.store.row("anna"); len(f.Reservations) != 0 || f.Recorded() {
			t.Errorf("row %+v", f)
		}
	})
}

// J5 (ASVS 6.3.8): a name in its wait, known or not, is refused without a hash,
// in the same time as a wrong password.
func TestJ5_ANameInItsWaitCostsNoHash(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"anna", "nobody"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				_, floor, bad := b.try(t, name, "wrong")
				b.wrongTimes(t, name, 9)
				before := b.hasher.hashes()
				if before != 10 {
					t.Fatalf("%d hashes before the wait", before)
				}
				for _, password := range []string{"right", "wrong"} {
					_, took, err := b.try(t, name, password)
					if err != bad || took != floor {
						t.Errorf("%s: %v after %v, want %v after %v", password, err, took, bad, floor)
					}
				}
				if b.hasher.hashes() != before {
					t.Error("a waiting name cost a hash")
				}
				last := b.store.logged()[len(b.store.logged())-1].Error
				if want := map[string]string{"anna": "user_temporarily_disabled", "nobody": "user_not_found"}[name]; last != want {
					t.Errorf("event %s, want %s", last, want)
				}
				time.Sleep(time.Minute)
				if _, _, err := b.try(t, "anna", "right"); err != nil {
					t.Errorf("after the wait: %v", err)
				}
			})
		})
	}
}

func TestLockedUntilReset(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.store.setRow("anna", iam.Failures{Count: 100, Locked: true, Rev: 1})
		time.Sleep(1000 * time.Hour)
		if _, _, err := b.try(t, "anna", "right"); err != iam.ErrBadCredentials {
			t.Errorf("%v", err)
		}
		if ev := b.store.logged()[0]; ev.Error != "user_disabled" || b.hasher.hashes() != 0 {
			t.Errorf("%+v, %d hashes", ev, b.hasher.hashes())
		}
	})
}

// A6 (RFC 6749 section 4.3.2): name and address are one user, whatever the
// spelling, and have one counter; a name nobody has is counted alike, and not
// stored.
func TestA6_SpellingsShareOneCounter(t *testing.T) {
	t.Parallel()
	spellings := []string{"anna", "ANNA", " Anna", "aNNa\t", "\n anna \r\n", "anna@example.com", "Anna@EXAMPLE.com ", "\u00a0anna", "\u2003ANNA@example.COM", "anna "}
	inBubble(t, func(t *testing.T, b *bench) {
		for i, s := range spellings {
			if _, _, err := b.try(t, s, fmt.Sprint("wrong ", i)); err != iam.ErrBadCredentials {
				t.Fatalf("%q: %v", s, err)
			}
		}
		if got := b.store.row("anna").Count; got != len(spellings) {
			t.Errorf("%d failures counted of %d", got, len(spellings))
		}
		if len(b.store.allRows()) != 1 {
			t.Errorf("rows %+v", b.store.allRows())
		}
	})
	inBubble(t, func(t *testing.T, b *bench) {
		for i, s := range []string{"nobody", "NOBODY", " nobody "} {
			_, _, _ = b.try(t, s, fmt.Sprint("wrong ", i))
		}
		if len(b.store.allRows()) != 1 {
			t.Errorf("an unknown name has rows %+v", b.store.allRows())
		}
		for key := range b.store.allRows() {
			if strings.Contains(key, "nobody") {
				t.Errorf("the row names the unknown name: %s", key)
			}
		}
	})
}

func TestEmailOnlyWhereTheRealmAllowsIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if v, _, err := b.try(t, "Anna@Example.com", "right"); err != nil || v.User.ID != "anna" {
			t.Errorf("%v", err)
		}
		b.cfg.Realm.LoginWithEmail = false
		if _, _, err := b.try(t, "anna@example.com", "right"); err != iam.ErrBadCredentials {
			t.Errorf("with the setting off: %v", err)
		}
	})
}

func TestGoodLoginSaysWhatToClear(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.wrongTimes(t, "anna", 3)
		v, _, err := b.try(t, "anna", "right")
		if err != nil || v.ClearFailures != "anna" {
			t.Errorf("%+v, %v", v, err)
		}
		// The row is cleared by the login that the caller opens, so that it cannot
		// be cleared without one.
		if b.store.row("anna").Count != 3 {
			t.Errorf("%+v", b.store.row("anna"))
		}
	})
}

// golang.org/x/oauth2 sends a refused request a second time.
func TestSameWrongPasswordCountsOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for range 15 {
			if _, _, err := b.try(t, "anna", "old password"); err != iam.ErrBadCredentials {
				t.Fatal(err)
			}
		}
		if got := b.store.row("anna").Count; got != 1 {
			t.Errorf("counted %d times", got)
		}
		if len(b.store.logged()) != 15 {
			t.Errorf("%d events", len(b.store.logged()))
		}
	})
}

func TestCountingOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.cfg.Realm.Guessing.Off = true
		b.wrongTimes(t, "anna", 30)
		if b.store.rowWrites() != 0 || len(b.store.logged()) != 30 {
			t.Errorf("%d writes, %d events", b.store.rowWrites(), len(b.store.logged()))
		}
		if v, _, err := b.try(t, "anna", "right"); err != nil || v.ClearFailures != "" {
			t.Errorf("%+v, %v", v, err)
		}
	}, noAddressBound)
}

func TestKeycloaksPolicy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.cfg.Realm.Guessing = iam.GuessPolicy{
			Keycloak: true, FailureFactor: 3, WaitIncrement: 60, MaxFailureWait: 900, MaxDeltaTime: 43200,
		}
		b.wrongTimes(t, "anna", 5)
		if got := b.hasher.hashes(); got != 3 {
			t.Errorf("%d hashes, want 3", got)
		}
	})
}

// Trouble with storage is never a judgement about a password.
func TestStorageTrouble(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.store.breakWith(fmt.Errorf("disk: %w", iam.ErrUnavailable))
		if _, _, err := b.try(t, "anna", "right"); !errors.Is(err, iam.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		b.store.breakWith(errors.New("something else"))
		if _, _, err := b.try(t, "anna", "wrong"); !errors.Is(err, iam.ErrUnavailable) || errors.Is(err, iam.ErrBadCredentials) {
			t.Errorf("%v", err)
		}
	})
	// The failure of a wrong password cannot be written: no answer about it.
	inBubble(t, func(t *testing.T, b *bench) {
		b.hasher.gate = make(chan struct{})
		errs := make(chan error)
		go func() {
			_, _, err := b.try(t, "anna", "wrong")
			errs <- err
		}()
		time.Sleep(time.Second)
		b.store.breakWith(iam.ErrUnavailable)
		close(b.hasher.gate)
		if err := <-errs; !errors.Is(err, iam.ErrUnavailable) || errors.Is(err, iam.ErrBadCredentials) {
			t.Errorf("%v", err)
		}
	})
}

func TestEventIsHarmless(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		name := "x\r\nlevel=ERROR \x1b[31m\u202e" + strings.Repeat("ä", 400)
		_, _, _ = b.try(t, name, "my secret password")
		ev := fmt.Sprintf("%+v", b.store.logged()[0])
		if strings.Contains(ev, "secret") {
			t.Errorf("the event holds the password: %s", ev)
		}
		got := b.store.logged()[0].Details["username"]
		if strings.ContainsAny(got, "\r\n\x1b\u202e") || len([]rune(got)) != maxShownName+1 {
			t.Errorf("username %q", got)
		}
		if d := b.store.logged()[0].Details; d["auth_method"] != "openid-connect" || d["grant_type"] != "password" {
			t.Errorf("details %v", d)
		}
	})
}

func TestCloseRefusesWhatWaits(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Close()
		if _, _, err := b.try(t, "anna", "right"); !errors.Is(err, iam.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
}
