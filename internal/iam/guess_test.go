package iam_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

const second = int64(1000)

// keycloak is Keycloak's policy with its default settings.
var keycloak = iam.GuessPolicy{
	Keycloak: true, Strategy: "MULTIPLE", FailureFactor: 30, WaitIncrement: 60, MaxFailureWait: 900,
	MaxDeltaTime: 43200, QuickLoginCheck: 1000, MinimumQuickLoginWait: 60,
}

func with(p iam.GuessPolicy, change func(*iam.GuessPolicy)) iam.GuessPolicy {
	change(&p)
	return p
}

// fails makes n failures, each a second and a half after the last wait ended.
func fails(p iam.GuessPolicy, f iam.Failures, n int, now *int64) iam.Failures {
	for range n {
		*now = max(*now, f.WaitUntil) + 1500
		f = p.Fail(f, "", fmt.Append(nil, "another guess at ", *now), *now)
	}
	return f
}

func TestOwnPolicyWaits(t *testing.T) {
	t.Parallel()
	var p iam.GuessPolicy
	var f iam.Failures
	now := int64(1_000_000)
	wait := map[int]int64{10: 60, 11: 120, 12: 240, 13: 480, 14: 900, 15: 900, 99: 900}
	for n := 1; n <= 100; n++ {
		f = fails(p, f, 1, &now)
		if n == 15 {
			f = fails(p, f, 99-16, &now)
			n = 99 - 1
			continue
		}
		if want, ok := wait[n]; ok && f.WaitUntil-now != want*second {
			t.Errorf("after %d failures the wait is %d ms, want %d s", n, f.WaitUntil-now, want)
		}
		if n < 10 && (f.WaitUntil != 0 || p.Admit(f, now) != iam.GuessAllowed) {
			t.Errorf("after %d failures: %+v", n, f)
		}
		if f.Locked != (n == 100) {
			t.Errorf("after %d failures locked is %v", n, f.Locked)
		}
	}
	if p.Admit(f, now+1<<50) != iam.GuessWaiting {
		t.Error("the lock opened by itself")
	}
}

func TestWaitEndsOnTheMillisecond(t *testing.T) {
	t.Parallel()
	var p iam.GuessPolicy
	now := int64(0)
	f := fails(p, iam.Failures{}, 10, &now)
	if got := p.Admit(f, now+60*second-1); got != iam.GuessWaiting {
		t.Errorf("1 ms before: %v", got)
	}
	if got := p.Admit(f, now+60*second); got != iam.GuessAllowed {
		t.Errorf("at the end: %v", got)
	}
	// After a wait one guess is judged at a time: the next failure waits again.
	f = p.Reserve(f, "a", now+60*second)
	if got := p.Admit(f, now+60*second); got != iam.GuessFull {
		t.Errorf("beside a reservation: %v", got)
	}
}

func TestParallelAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		policy iam.GuessPolicy
		failed int
		want   int // attempts allowed at a time
	}{
		{"ours, none failed", iam.GuessPolicy{}, 0, 10},
		{"ours, 4 failed", iam.GuessPolicy{}, 4, 6},
		{"ours, 9 failed", iam.GuessPolicy{}, 9, 1},
		{"ours, 12 failed", iam.GuessPolicy{}, 12, 1},
		{"Keycloak, quick logins unchecked", with(keycloak, func(p *iam.GuessPolicy) { p.QuickLoginCheck = 0 }), 0, 30},
		{"Keycloak, quick logins unchecked, 20 failed", with(keycloak, func(p *iam.GuessPolicy) { p.QuickLoginCheck = 0 }), 20, 10},
		{"Keycloak: two at once are a quick login", keycloak, 0, 2},
		{"Keycloak LINEAR", with(keycloak, func(p *iam.GuessPolicy) { p.QuickLoginCheck, p.Strategy = 0, "LINEAR" }), 29, 1},
		{"off", iam.GuessPolicy{Off: true}, 0, 1000},
	} {
		now := int64(0)
		f := fails(tc.policy, iam.Failures{}, tc.failed, &now)
		now = max(now, f.WaitUntil) + 2000
		got := 0
		for got < 1000 && tc.policy.Admit(f, now) == iam.GuessAllowed {
			f = tc.policy.Reserve(f, fmt.Sprint(got), now)
			got++
		}
		if got != tc.want {
			t.Errorf("%s: %d attempts at a time, want %d", tc.name, got, tc.want)
		}
	}
}

func TestDeadReservationIsAFailure(t *testing.T) {
	t.Parallel()
	var p iam.GuessPolicy
	f := p.Reserve(iam.Failures{}, "dead", 5*second)
	f = p.Reserve(f, "late", 9*second)
	if f = p.Release(f, "other", 15*second); f.Count != 0 || len(f.Reservations) != 2 {
		t.Errorf("at 10 s: %+v", f)
	}
	if f = p.Release(f, "other", 15*second+1); f.Count != 1 || len(f.Reservations) != 1 {
		t.Errorf("after 10 s: %+v", f)
	}
	now := int64(100 * second)
	full := fails(p, iam.Failures{}, 9, &now)
	full = p.Reserve(full, "dead", now)
	if got := p.Admit(full, now+iam.ReservationLife); got != iam.GuessFull {
		t.Errorf("unresolved: %v", got)
	}
	if got := p.Admit(full, now+iam.ReservationLife+1); got != iam.GuessWaiting {
		t.Errorf("counted: %v", got)
	}
}

func TestSameGuessCountsOnce(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]iam.GuessPolicy{"ours": {}, "Keycloak": keycloak} {
		f := p.Fail(iam.Failures{}, "1", []byte("tag"), 1*second)
		f = p.Fail(f, "2", []byte("tag"), 1*second+200)
		f = p.Fail(f, "3", []byte("tag"), 11*second-1)
		if f.Count != 1 || f.WaitUntil != 0 {
			t.Errorf("%s: within 10 s: %+v", name, f)
		}
		if g := p.Fail(f, "4", []byte("tag"), 11*second); g.Count != 2 {
			t.Errorf("%s: after 10 s: %+v", name, g)
		}
		if g := p.Fail(f, "4", []byte("gat"), 4*second); g.Count != 2 {
			t.Errorf("%s: another guess: %+v", name, g)
		}
		if g := p.Fail(p.Fail(iam.Failures{}, "1", nil, 1*second), "2", nil, 2*second+500); g.Count != 2 {
			t.Errorf("%s: no tag equals none: %+v", name, g)
		}
	}
}

func TestFailWithoutItsReservationStillCounts(t *testing.T) {
	t.Parallel()
	var p iam.GuessPolicy
	if f := p.Fail(iam.Failures{}, "cleared beside", []byte("t"), 1); f.Count != 1 {
		t.Errorf("%+v", f)
	}
}

func TestOffCountsNothing(t *testing.T) {
	t.Parallel()
	p := iam.GuessPolicy{Off: true}
	f := p.Fail(p.Reserve(iam.Failures{}, "a", 1), "a", []byte("t"), 2)
	if f.Count != 0 || f.Recorded() || len(f.Reservations) != 0 {
		t.Errorf("%+v", f)
	}
	if got := p.Admit(iam.Failures{Locked: true}, 1); got != iam.GuessAllowed {
		t.Errorf("an old lock while off: %v", got)
	}
}

func TestKeycloakArithmetic(t *testing.T) {
	t.Parallel()
	multiple := with(keycloak, func(p *iam.GuessPolicy) { p.FailureFactor = 3 })
	linear := with(multiple, func(p *iam.GuessPolicy) { p.Strategy = "LINEAR" })
	for _, tc := range []struct {
		name   string
		policy iam.GuessPolicy
		waits  []int64 // seconds after each failure
	}{
		{"MULTIPLE: increment times floor(count/factor)", multiple, []int64{0, 0, 60, 60, 60, 120, 120, 120, 180}},
		{"LINEAR: increment times (1+count-factor)", linear, []int64{0, 0, 60, 120, 180, 240}},
		{"at most maxFailureWait", with(linear, func(p *iam.GuessPolicy) { p.MaxFailureWait = 100 }), []int64{0, 0, 60, 100, 100}},
		{"factor 0 divides by nothing", with(multiple, func(p *iam.GuessPolicy) { p.FailureFactor = 0 }), []int64{60, 120}},
	} {
		var f iam.Failures
		now := int64(0)
		for i, want := range tc.waits {
			before := f.WaitUntil
			f = fails(tc.policy, f, 1, &now)
			got := (f.WaitUntil - now) / second
			if want == 0 {
				got = f.WaitUntil - before
			}
			if got != want {
				t.Errorf("%s: failure %d waits %d s, want %d", tc.name, i+1, got, want)
			}
		}
	}
}

func TestKeycloakQuickLogin(t *testing.T) {
	t.Parallel()
	f := keycloak.Fail(iam.Failures{}, "", []byte("a"), 5*second)
	if f.WaitUntil != 0 {
		t.Errorf("the first failure waits: %+v", f)
	}
	slow := keycloak.Fail(f, "", []byte("b"), 6*second)
	if slow.WaitUntil != 0 {
		t.Errorf("a second later: %+v", slow)
	}
	quick := keycloak.Fail(f, "", []byte("b"), 6*second-1)
	if quick.WaitUntil != 66*second-1 || quick.Lockouts != 0 {
		t.Errorf("within a second: %+v", quick)
	}
}

func TestKeycloakForgetsAfterMaxDelta(t *testing.T) {
	t.Parallel()
	now := int64(0)
	f := fails(keycloak, iam.Failures{}, 29, &now)
	if g := keycloak.Fail(f, "", nil, now+43200*second); g.Count != 30 {
		t.Errorf("at maxDeltaTime: %+v", g)
	}
	if g := keycloak.Fail(f, "", nil, now+43200*second+1); g.Count != 1 || g.Recorded() != true {
		t.Errorf("after maxDeltaTime: %+v", g)
	}
}

func TestKeycloakPermanentLockout(t *testing.T) {
	t.Parallel()
	permanent := with(keycloak, func(p *iam.GuessPolicy) { p.FailureFactor, p.PermanentLockout = 3, true })
	mixed := with(permanent, func(p *iam.GuessPolicy) { p.MaxTemporaryLockouts = 2 })
	for _, tc := range []struct {
		name   string
		policy iam.GuessPolicy
		want   int // failures until locked
	}{
		{"permanent", permanent, 3},
		{"mixed: more than two temporary lockouts", mixed, 5},
	} {
		var f iam.Failures
		now, n := int64(0), 0
		for !f.Locked && n < 100 {
			f = fails(tc.policy, f, 1, &now)
			n++
		}
		if n != tc.want {
			t.Errorf("%s: locked after %d failures, want %d", tc.name, n, tc.want)
		}
	}
}

// Rows are values: no decision may change the one it was given, since the store
// compares it afterwards.
func TestDecisionsLeaveTheRowAlone(t *testing.T) {
	t.Parallel()
	var p iam.GuessPolicy
	backing := make([]iam.Reservation, 2, 8)
	backing[0], backing[1] = iam.Reservation{ID: "a", At: 1}, iam.Reservation{ID: "b", At: 20 * second}
	f := iam.Failures{Reservations: backing}
	p.Reserve(f, "c", 20*second)
	p.Release(f, "a", 20*second)
	p.Fail(f, "b", []byte("t"), 20*second)
	p.Admit(f, 20*second)
	if f.Reservations[0].ID != "a" || f.Reservations[1].ID != "b" || f.Count != 0 || backing[:3][2].ID != "" {
		t.Errorf("%+v", f)
	}
}

func policies() *rapid.Generator[iam.GuessPolicy] {
	return rapid.Custom(func(t *rapid.T) iam.GuessPolicy {
		return iam.GuessPolicy{
			Keycloak:              rapid.Bool().Draw(t, "keycloak"),
			PermanentLockout:      rapid.Bool().Draw(t, "permanent"),
			MaxTemporaryLockouts:  rapid.IntRange(0, 3).Draw(t, "lockouts"),
			Strategy:              rapid.SampledFrom([]string{"MULTIPLE", "LINEAR", ""}).Draw(t, "strategy"),
			FailureFactor:         rapid.IntRange(0, 12).Draw(t, "factor"),
			WaitIncrement:         rapid.IntRange(1, 100).Draw(t, "increment"),
			MaxFailureWait:        rapid.IntRange(1, 900).Draw(t, "maxWait"),
			MaxDeltaTime:          rapid.IntRange(3600, 43200).Draw(t, "delta"),
			QuickLoginCheck:       rapid.IntRange(0, 1000).Draw(t, "quick"),
			MinimumQuickLoginWait: rapid.IntRange(0, 60).Draw(t, "quickWait"),
		}
	})
}

// Whatever the order in which attempts begin, fail and die, never more of them
// are judged before a wait than failing one after the other would be.
func TestParallelNeverOutrunsSerial(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		serial := 0
		for f := (iam.Failures{}); p.Admit(f, 1) == iam.GuessAllowed && serial < 1000; serial++ {
			f = p.Fail(f, "", fmt.Append(nil, serial), 1)
		}
		var f iam.Failures
		var open []string
		judged := 0
		for i := range 60 {
			if len(open) > 0 && rapid.Bool().Draw(t, "resolve") {
				at := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				f = p.Fail(f, open[at], fmt.Append(nil, i), 1)
				open = append(open[:at], open[at+1:]...)
				continue
			}
			if p.Admit(f, 1) == iam.GuessAllowed {
				id := fmt.Sprint(i)
				f = p.Reserve(f, id, 1)
				open = append(open, id)
				judged++
			}
		}
		if judged > serial {
			t.Fatalf("%d judged in parallel, %d one by one", judged, serial)
		}
	})
}

// A wait never lasts longer than the policy's longest, and a good login leaves
// nothing behind.
func TestWaitsAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		longest := 900 * second
		if p.Keycloak {
			longest = int64(p.MaxFailureWait) * second
		}
		var f iam.Failures
		now := int64(1)
		for i := range rapid.IntRange(1, 40).Draw(t, "failures") {
			now += rapid.Int64Range(0, 50_000_000).Draw(t, "pause")
			f = p.Fail(f, "", fmt.Append(nil, i), now)
			if f.WaitUntil-now > longest {
				t.Fatalf("waits %d ms", f.WaitUntil-now)
			}
			if !f.Recorded() {
				t.Fatal("a failure left no trace")
			}
		}
	})
}
