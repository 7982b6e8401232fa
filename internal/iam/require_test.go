package iam

import (
	"testing"
	"time"
)

// N4 (NIST SP 800-63B-4 section 3.2.2): after ten failures a name waits, longer
// each time, and after a hundred in a row its password is locked, for whatever
// time passes, until it is reset.
func TestN4_AHundredFailuresLockThePassword(t *testing.T) {
	t.Parallel()
	var (
		p   GuessPolicy
		f   Failures
		now = int64(1_700_000_000_000)
	)
	for i := 1; i <= 100; i++ {
		if got := p.Admit(f, now); got != GuessAllowed {
			t.Fatalf("guess %d: %v", i, got)
		}
		f = p.Fail(p.Reserve(f, "a", now), "a", []byte{byte(i)}, now)
		if waits := p.Admit(f, now) == GuessWaiting; waits != (i >= 10) {
			t.Fatalf("after guess %d: waits %v", i, waits)
		}
		now = max(now, f.WaitUntil)
	}
	for _, later := range []time.Duration{time.Hour, 365 * 24 * time.Hour} {
		if got := p.Admit(f, now+later.Milliseconds()); got != GuessWaiting || !f.Locked {
			t.Errorf("%v after a hundred failures: %v", later, got)
		}
	}
}
