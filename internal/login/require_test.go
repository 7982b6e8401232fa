package login

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-a6a28e10/usher/internal/iam"
	"github.com/seed-a6a28e10/usher/internal/secret"
)

// K5 (OWASP Password Storage): a password of more than 1,024 bytes is never
// compared with a hash, be it right or wrong, and its answer and its time are
// those of any wrong one.
func TestK5_OverlongPasswordsAreNeverCompared(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", secret.MaxPassword+1)
	inBubble(t, func(t *testing.T, b *bench) {
		b.store.change("anna", func(u *iam.User) { u.Password.SecretData = "plain:" + long })
		_, usual, bad := b.try(t, "anna", "wrong")
		before := len(b.hasher.verified)
		for _, password := range []string{long, long + long, strings.Repeat("y", 60_000)} {
			_, took, err := b.try(t, "anna", password)
			if err != bad || took != usual {
				t.Errorf("%d bytes: %v after %v, want %v after %v", len(password), err, took, bad, usual)
			}
		}
		if n := len(b.hasher.verified) - before; n != 0 {
			t.Errorf("%d over-long passwords were compared", n)
		}
	})
}

// J5 (ASVS 6.3.8): the answer to a wrong password comes when that to a name in
// its wait does, although it was written down and hashed before, and a store
// that takes its time does not tell them apart.
func TestJ5_AWaitIsNotToldByItsTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.store.slow = 2 * time.Millisecond
		_, wrong, _ := b.try(t, "anna", "wrong")
		b.wrongTimes(t, "anna", 9)
		before := b.hasher.hashes()
		_, waiting, err := b.try(t, "anna", "right")
		if err != iam.ErrBadCredentials || b.hasher.hashes() != before || wrong != waiting {
			t.Errorf("%v after %v, a wrong password %v", err, waiting, wrong)
		}
	})
}

// N4 (NIST SP 800-63B-4 section 3.2.2): a password that is locked opens nothing
// a year later, and no hash is spent on it.
func TestN4_ALockedPasswordStaysLocked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.store.setRow("anna", iam.Failures{Count: 100, Locked: true, Rev: 1})
		time.Sleep(365 * 24 * time.Hour)
		if _, _, err := b.try(t, "anna", "right"); err != iam.ErrBadCredentials || b.hasher.hashes() != 0 {
			t.Errorf("%v, %d hashes", err, b.hasher.hashes())
		}
	})
}

// N5 (NIST SP 800-63B-4 section 3.2.2): a good login says which count it clears,
// and the login that is opened clears it.
func TestN5_AGoodLoginNamesTheCountItClears(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if v, _, err := b.try(t, "anna", "right"); err != nil || v.ClearFailures != "" {
			t.Errorf("without failures: %+v, %v", v, err)
		}
		b.wrongTimes(t, "anna", 9)
		if v, _, err := b.try(t, "anna", "right"); err != nil || v.ClearFailures != "anna" {
			t.Errorf("after nine: %+v, %v", v, err)
		}
	})
}
