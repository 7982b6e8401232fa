package iam

import (
	"fmt"
	"testing"
)

// token is a refresh token as a holder keeps it.
type heldToken struct {
	jti string
	gen int64
}

const (
	testWindow = 10_000
	testStart  = 1_700_000_000_000
)

// chain drives one rotating family the way a server does.
type chain struct {
	row   Family
	now   int64
	salts int
}

func newChain(change func(*Family)) *chain {
	c := &chain{now: testStart, row: Family{
		ID: "f", Rotating: true, Window: testWindow, Recovery: RecoverUnconfirmed, Salt: []byte("s0"),
	}}
	if change != nil {
		change(&c.row)
	}
	return c
}

func jtiOf(f Family) string { return fmt.Sprintf("%s/%d/%s", f.ID, f.Gen, f.Salt) }

func (c *chain) current() heldToken { return heldToken{jti: jtiOf(c.row), gen: c.row.Gen} }

// judge decides without committing.
func (c *chain) judge(t heldToken) Decision {
	c.salts++
	return c.row.Present(Presentation{
		JTI: t.jti, Gen: t.gen, CurrentJTI: jtiOf(c.row), At: c.now,
		Fresh: Fresh{Salt: fmt.Append(nil, "s", c.salts), KeyID: "k", IssuedAt: c.now / 1000, ExpiresAt: c.now/1000 + 3600, DeadAt: c.now + 4_500_000},
	})
}

// present decides, commits, and returns the token the holder gets.
func (c *chain) present(t heldToken) (Decision, heldToken) {
	d := c.judge(t)
	if d.Write {
		c.row = d.Next
	}
	switch d.Outcome {
	case Rotate, Converge, Recover, Ahead:
		return d, c.current()
	case Reuse:
		c.row.RevokedAt = c.now
	}
	return d, t
}

func (c *chain) wait(ms int64) *chain { c.now += ms; return c }

func (c *chain) must(t *testing.T, held heldToken, want Outcome) heldToken {
	t.Helper()
	d, got := c.present(held)
	if d.Outcome != want {
		t.Fatalf("generation %d presented at generation %d: %s (%s), want %s", held.gen, c.row.Gen, d.Outcome, d.Reason, want)
	}
	return got
}

func TestPresentRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		row    func(*Family)
		play   func(t *testing.T, c *chain) heldToken // returns what is presented last
		reject bool
		want   Outcome
		reason string
		write  bool
	}{
		{name: "1 the current token rotates", play: first, want: Rotate, write: true},
		{name: "2 the parent within its window converges", play: after(1, testWindow), want: Converge},
		{name: "2 the grandparent within its window converges", play: after(2, 9_000), want: Converge},
		{name: "2 an ancestor behind the ring of four is reuse even within the window", play: after(5, 100), want: Reuse, reason: ReuseAncestor},
		{name: "2 the fourth ancestor still converges", play: after(4, 100), want: Converge},
		{name: "2 no window, no converging", row: strict, play: after(1, 0), want: Reuse, reason: ReuseParent},
		{name: "3 the parent after its window recovers", play: after(1, testWindow+1), want: Recover, write: true},
		{name: "3 not once the successor is confirmed", play: confirmedAfter(testWindow + 1), want: Reuse, reason: ReuseParent},
		{name: "3 a confirmed successor does not hurt until_used", row: untilUsed, play: confirmedAfter(testWindow + 1), want: Recover, write: true},
		{name: "3 never when recovery is off", row: noRecovery, play: after(1, testWindow+1), want: Reuse, reason: ReuseParent},
		{name: "3 an unknown recovery rule is none", row: func(f *Family) { f.Recovery = "?" }, play: after(1, testWindow+1), want: Reuse, reason: ReuseParent},
		{name: "3 only the direct parent", play: after(2, testWindow+1), want: Reuse, reason: ReuseAncestor},
		{name: "3 the third recovery is the last", play: recovered(3), want: Reuse, reason: ReuseParent},
		{name: "3 two recoveries leave one", play: recovered(2), want: Recover, write: true},
		{name: "4 a superseded successor", play: superseded, want: Reuse, reason: ReuseSuperseded},
		{name: "4 another token of the current generation", play: func(_ *testing.T, c *chain) heldToken {
			return heldToken{jti: "other", gen: c.row.Gen}
		}, want: Reuse, reason: ReuseFork},
		{name: "5 a revoked family is just dead", row: func(f *Family) { f.RevokedAt = 1 }, play: first, want: Dead},
		{name: "5 a revoked reusable family too", row: func(f *Family) { f.Rotating = false; f.RevokedAt = 1 }, play: first, want: Dead},
		{name: "6 a token ahead of its row is adopted", play: ahead, want: Ahead, write: true},
		{name: "6 or refused where the realm says so", play: ahead, reject: true, want: AheadRefused},
		{name: "6 but never in a revoked family", row: func(f *Family) { f.RevokedAt = 1 }, play: ahead, want: Dead},
		{name: "max reuse: one more use without time limit", row: maxReuse(1), play: confirmedAfter(1_000_000), want: Converge, write: true},
		{name: "max reuse: used up", row: func(f *Family) { maxReuse(1)(f); f.Recovery = RecoverNever }, play: func(t *testing.T, c *chain) heldToken {
			held := confirmedAfter(1_000_000)(t, c)
			c.must(t, held, Converge)
			return held
		}, want: Reuse, reason: ReuseParent},
		{name: "max reuse: only the parent", row: maxReuse(5), play: after(2, testWindow+1), want: Reuse, reason: ReuseAncestor},
		{name: "clock back by up to a second counts as no time", play: after(1, -1000), want: Converge},
		{name: "clock back further closes the window", play: after(1, -1001), want: Recover, write: true},
		{name: "reusable: the newest", row: reusable, play: first, want: Pass},
		{name: "reusable: any generation", row: reusable, play: ahead, want: Pass},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newChain(test.row)
			held := test.play(t, c)
			d := c.row.Present(Presentation{
				JTI: held.jti, Gen: held.gen, CurrentJTI: jtiOf(c.row), At: c.now, RejectAhead: test.reject,
				Fresh: Fresh{Salt: []byte("fresh")},
			})
			if d.Outcome != test.want || d.Reason != test.reason || d.Write != test.write {
				t.Errorf("got %s %q write %v, want %s %q write %v", d.Outcome, d.Reason, d.Write, test.want, test.reason, test.write)
			}
		})
	}
}

func first(_ *testing.T, c *chain) heldToken { return c.current() }

// after rotates n times and presents the first token ms after the last rotation.
func after(n int, ms int64) func(*testing.T, *chain) heldToken {
	return func(t *testing.T, c *chain) heldToken {
		held := c.current()
		for range n {
			c.must(t, c.current(), Rotate)
		}
		c.wait(ms)
		return held
	}
}

func confirmedAfter(ms int64) func(*testing.T, *chain) heldToken {
	return func(t *testing.T, c *chain) heldToken {
		held := after(1, ms)(t, c)
		c.row.Confirmed = true
		return held
	}
}

func recovered(n int) func(*testing.T, *chain) heldToken {
	return func(t *testing.T, c *chain) heldToken {
		held := after(1, 0)(t, c)
		for range n {
			c.wait(testWindow+1).must(t, held, Recover)
		}
		c.wait(testWindow + 1)
		return held
	}
}

func superseded(t *testing.T, c *chain) heldToken {
	parent := c.current()
	lost := c.must(t, parent, Rotate)
	c.wait(testWindow+1).must(t, parent, Recover)
	return lost
}

func ahead(_ *testing.T, c *chain) heldToken { return heldToken{jti: "newer", gen: c.row.Gen + 3} }

func strict(f *Family)     { f.Window, f.Recovery = 0, RecoverNever }
func noRecovery(f *Family) { f.Recovery = RecoverNever }
func untilUsed(f *Family)  { f.Recovery = RecoverUntilUsed }
func reusable(f *Family)   { f.Rotating = false }
func maxReuse(n int) func(*Family) {
	return func(f *Family) { f.MaxReuse = n }
}

func TestNextRow(t *testing.T) {
	t.Parallel()
	c := newChain(nil)
	c.row.Rev, c.row.Confirmed, c.row.Reused = 7, true, 2
	old := c.current()
	ring := c.row.Ring
	next := c.judge(old).Next
	if next.Rev != 8 || next.Gen != 1 || next.ParentJTI != old.jti || next.Confirmed || next.Reused != 0 || next.Superseded != 0 ||
		string(next.Salt) != "s1" || next.KeyID != "k" || next.IssuedAt != testStart/1000 || next.ExpiresAt != testStart/1000+3600 ||
		next.DeadAt != testStart+4_500_000 {
		t.Errorf("after a rotation: %+v", next)
	}
	if len(next.Ring) != 1 || next.Ring[0] != (Used{JTI: old.jti, FirstUsed: testStart}) || len(ring) != 0 {
		t.Errorf("ring %+v", next.Ring)
	}
	for range 9 {
		c.must(t, c.current(), Rotate)
	}
	if len(c.row.Ring) != ringSize {
		t.Errorf("the ring holds %d", len(c.row.Ring))
	}
}

func TestAdoptedGenerationContinues(t *testing.T) {
	t.Parallel()
	c := newChain(nil)
	newer := ahead(t, c)
	got := c.must(t, newer, Ahead)
	if got.gen != newer.gen+1 {
		t.Errorf("generation %d follows %d", got.gen, newer.gen)
	}
	c.must(t, newer, Converge) // another tab brings the same token
	c.must(t, got, Rotate)
}

// A lost answer and a retry after any sleep: never a logout.
func TestLostAnswerThenSleep(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]Outcome{
		0: Converge, 5_000: Converge, 9_900: Converge, 10_000: Converge, 10_100: Recover, 60_000: Recover, 1_700_000: Recover,
	} {
		c := newChain(nil)
		held := c.current()
		lost := c.must(t, held, Rotate)
		got := c.wait(ms).must(t, held, want)
		if want == Converge && got != lost {
			t.Errorf("after %d ms the retry got %v instead of the lost %v", ms, got, lost)
		}
		c.wait(300_000).must(t, got, Rotate)
	}
}

// The generation orders tokens, not the second they were made in.
func TestTwoRotationsInOneMoment(t *testing.T) {
	t.Parallel()
	c := newChain(noRecovery)
	r0 := c.current()
	r1 := c.must(t, r0, Rotate)
	r2 := c.must(t, r1, Rotate)
	if got := c.must(t, r0, Converge); got != r2 {
		t.Errorf("the grandparent converges on %v, not %v", got, r2)
	}
	c.wait(testWindow+1).must(t, r2, Rotate)
	c.must(t, r1, Reuse)
	c.must(t, c.current(), Dead)
}

func TestGrandparentOutsideItsWindowRevokes(t *testing.T) {
	t.Parallel()
	c := newChain(nil)
	r0 := c.current()
	r1 := c.must(t, r0, Rotate)
	c.wait(6_000)
	c.must(t, r1, Rotate)
	c.wait(4_000).must(t, r0, Converge) // 10 s after its own first use
	c.wait(1).must(t, r0, Reuse)
}

func TestWindowDoesNotMove(t *testing.T) {
	t.Parallel()
	c := newChain(noRecovery)
	r0 := c.current()
	c.must(t, r0, Rotate)
	for range 10 {
		c.wait(1_000).must(t, r0, Converge)
	}
	c.wait(1).must(t, r0, Reuse)
}

// What the client retries with after a crash of the server, by the moment of it.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		committed bool
		confirmed bool
		delivered bool // the client has the successor
		sleep     int64
		rule      func(*Family)
		want      Outcome
	}{
		{name: "before the commit", want: Rotate},
		{name: "after the commit, at once", committed: true, want: Converge},
		{name: "after the commit, later", committed: true, sleep: 60_000, want: Recover},
		{name: "after part of the answer, with the new token", committed: true, delivered: true, want: Rotate},
		{name: "not saved, within the window", committed: true, confirmed: true, want: Converge},
		{name: "not saved, later, not confirmed", committed: true, sleep: 60_000, want: Recover},
		{name: "not saved, later, confirmed", committed: true, confirmed: true, sleep: 60_000, want: Reuse},
		{name: "not saved, later, confirmed, until used", committed: true, confirmed: true, sleep: 60_000, rule: untilUsed, want: Recover},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newChain(test.rule)
			held := c.current()
			d := c.judge(held)
			if test.committed {
				c.row = d.Next
				c.row.Confirmed = test.confirmed
			}
			if test.delivered {
				held = c.current()
			}
			c.wait(test.sleep).must(t, held, test.want)
		})
	}
	t.Run("a standby without the last commit", func(t *testing.T) {
		t.Parallel()
		c := newChain(nil)
		before := c.row
		got := c.must(t, c.current(), Rotate)
		c.row = before
		c.must(t, got, Ahead)
	})
}
