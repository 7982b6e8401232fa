package iam

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// match plays several holders of one family against a plain account of what
// each may do. The account knows only who holds which token, when each token
// was first used, and who was given a successor: not how Present decides.
type match struct {
	c     *chain
	held  []heldToken
	first map[string]int64 // first use by jti, moved by a recovery alone
	// order is when a token was rotated out, counted in rotations: a recovery
	// raises the generation too, but forgets no token.
	order     map[string]int
	rotations int
	// lost are tokens a recovery replaced.
	lost map[string]bool
	dead bool
}

func newMatch(holders int, confirm bool) *match {
	m := &match{c: newChain(nil), first: map[string]int64{}, order: map[string]int{}, lost: map[string]bool{}}
	if confirm {
		m.c.row.Recovery = RecoverNever // as if every answer were confirmed at once
	}
	for range holders {
		m.held = append(m.held, m.c.current())
	}
	return m
}

func (m *match) copy() *match {
	n := *m
	row := *m.c
	n.c = &row
	n.held = append([]heldToken(nil), m.held...)
	n.first, n.order, n.lost = map[string]int64{}, maps.Clone(m.order), map[string]bool{}
	for k, v := range m.first {
		n.first[k] = v
	}
	for k := range m.lost {
		n.lost[k] = true
	}
	return &n
}

// diverged says that the holder has a token which is neither the newest nor
// one that was new a moment and at most ringSize rotations ago.
func (m *match) diverged(who int) bool {
	t := m.held[who]
	if t == m.c.current() {
		return false
	}
	at, used := m.first[t.jti]
	return !used || m.rotations-m.order[t.jti] >= ringSize || m.lost[t.jti] || m.c.now-at > testWindow
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// step lets one holder refresh, ms after the last step. A lost answer leaves
// the holder with the old token.
func (m *match) step(t fataler, who int, ms int64, lost bool) {
	t.Helper()
	m.c.now += ms
	was, newest, diverged := m.held[who], m.c.current(), m.diverged(who)
	d, got := m.c.present(was)
	switch {
	case m.dead:
		if d.Outcome != Dead {
			t.Fatalf("a dead family answered %s", d.Outcome)
		}
		return
	case !diverged && d.Outcome != Rotate && d.Outcome != Converge:
		t.Fatalf("false alarm: %s (%s) for a token that had not diverged", d.Outcome, d.Reason)
	case diverged && d.Outcome != Reuse && d.Outcome != Recover:
		t.Fatalf("%s for a token that had diverged", d.Outcome)
	}
	switch d.Outcome {
	case Rotate:
		m.first[was.jti] = m.c.now
		m.rotations++
		m.order[was.jti] = m.rotations
	case Recover:
		m.first[was.jti] = m.c.now
		m.lost[newest.jti] = true
	case Reuse:
		m.dead = true
		return
	}
	if !lost {
		m.held[who] = got
	}
}

// RT4 (rotation): in every order of eight uses by two holders, each at once or
// after the window, there is no alarm while both may be one client, and none
// survives divergence beyond the second use.
func TestRT4_AllInterleavingsOfTwoHolders(t *testing.T) {
	t.Parallel()
	for _, confirmed := range []bool{true, false} {
		var play func(m *match, left int, uses [2]int, apart bool)
		played := 0
		play = func(m *match, left int, uses [2]int, apart bool) {
			played++
			if left == 0 {
				return
			}
			for who := range 2 {
				for _, gap := range []int64{0, testWindow + 1} {
					n, nUses, nApart := m.copy(), uses, apart
					n.c.now += gap
					nApart = nApart || n.diverged(0) || n.diverged(1)
					n.step(t, who, 0, false)
					if nApart {
						nUses[who]++
					}
					// The second use after divergence is the first at which both
					// holders have come; a confirmed successor needs but one.
					if nUses[0] > 0 && nUses[1] > 0 && !n.dead {
						t.Fatalf("both holders came after divergence and the family lives (confirmed %v)", confirmed)
					}
					play(n, left-1, nUses, nApart)
				}
			}
		}
		play(newMatch(2, confirmed), 8, [2]int{}, false)
		if played != (1<<18-1)/3 {
			t.Errorf("played %d positions", played)
		}
	}
}

// Long random histories: several holders, any gap, lost answers.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		holders := rapid.IntRange(1, 4).Draw(t, "holders")
		m := newMatch(holders, rapid.Bool().Draw(t, "confirmed"))
		steps := rapid.IntRange(1, 200).Draw(t, "steps")
		for range steps {
			who := rapid.IntRange(0, holders-1).Draw(t, "who")
			gap := rapid.SampledFrom([]int64{0, 1, 4_000, testWindow, testWindow + 1, 300_000}).Draw(t, "gap")
			m.step(t, who, gap, rapid.Bool().Draw(t, "lost"))
		}
	})
}

// One client alone whose answers get lost now and then is never logged out,
// as long as no more than three in a row are lost for long.
func TestOneUnluckyClientStaysIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMatch(1, false)
		losses := 0
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			lost := losses < 3 && rapid.Bool().Draw(t, "lost")
			losses++
			if !lost {
				losses = 0
			}
			m.step(t, 0, rapid.SampledFrom([]int64{1, 9_999, 10_001, 300_000}).Draw(t, "gap"), lost)
			if m.dead {
				t.Fatalf("logged out")
			}
		}
	})
}
